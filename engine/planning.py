"""Deciding: events and wake-ups become trips, effects and endings.

Runs in the same transaction as remembering, with the people locked.
"""

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import ColumnElement, bindparam, func, literal_column, or_, select, update
from sqlalchemy.orm import Session

from core import clock
from core.actions import Action, Enrol, Exit, Refuse
from core.events import CartUpdated, Event, OrderEvent
from core.facts import CartFacts, Facts
from core.models import Merchant
from core.models.tables import carts, enrolments
from core.reasons import Reason
from core.settings import FlowSettings
from core.statements import Statement
from engine import stock_news
from engine.blast import lately
from engine.deciding import Deciding, Trip
from engine.enrolling import enrol
from engine.episodes import trips_of_cart
from engine.facts import facts_for
from engine.identity import fingerprint, lock_people
from engine.known import Loaded, Subject
from engine.loading import load
from engine.machine import Machine
from engine.records import Touched
from engine.shop_settings import Saved, ShopSettings, newest_settings, settings_at
from engine.trips import RUNNING, end_trip, lane_of
from flows.flow import Flow


def plan(
    machine: Machine,
    session: Session,
    merchant: Merchant,
    touched: Sequence[Touched],
    inbound_id: int | None = None,
) -> None:
    """Let every enabled flow decide about everything the events touched."""
    listening = [
        flow
        for flow in machine.flows.values()
        if any(isinstance(item.event, flow.listens_to) for item in touched)
    ]
    if not listening:
        return
    known = machine.settings_of(session, merchant.id, merchant.settings_rev)
    for flow in listening:
        saved = known.flows[flow.key]
        if saved.mode == "off":
            continue
        if flow.subject == "sign_up":
            stock_news.hear(session, merchant, flow, saved, touched)
            continue
        for subject, event in _subjects(machine, session, merchant, flow, saved.mode, touched).items():
            now = clock.now(merchant)
            case = Deciding(machine, session, merchant, flow, known.shop, saved, subject, now, inbound_id)
            _decide(case, event)


def look_again(machine: Machine, session: Session, merchant: Merchant, enrolment_id: int) -> None:
    """Bring one running trip up to date with its flow's settings."""
    mine = enrolments.c.merchant_id == merchant.id
    trip = session.execute(select(enrolments).where(mine, enrolments.c.id == enrolment_id)).one()
    flow = machine.flows[trip.flow]
    if flow.subject != "cart":
        # Its one message takes its words from the newest settings as it goes.
        return
    shop, saved = _settings(session, merchant, flow)
    if trip.state not in RUNNING or saved.mode != trip.mode or saved.version == trip.settings_version:
        return
    subject = Subject(trip.person_id, trip.subject_id)
    _decide(Deciding(machine, session, merchant, flow, shop, saved, subject, clock.now(merchant)), None)


def follow_times(machine: Machine, session: Session, merchant: Merchant, enrolment_id: int) -> None:
    """Let a running trip take the waiting times of the newest settings."""
    trip = session.execute(
        select(enrolments.c.person_id, enrolments.c.subject_id, enrolments.c.flow).where(
            enrolments.c.id == enrolment_id, enrolments.c.merchant_id == merchant.id
        )
    ).one()
    flow = machine.flows[trip.flow]
    shop, saved = _settings(session, merchant, flow)
    lock_people(session, merchant.id, [trip.person_id])
    session.execute(
        update(enrolments)
        .where(enrolments.c.id == enrolment_id, enrolments.c.merchant_id == merchant.id)
        .values(settings_version=saved.version)
    )
    subject = Subject(trip.person_id, trip.subject_id)
    _decide(Deciding(machine, session, merchant, flow, shop, saved, subject, clock.now(merchant)), None)


def _settings(session: Session, merchant: Merchant, flow: Flow) -> tuple[ShopSettings, Saved]:
    shop, saved = newest_settings(session, merchant.id, (flow,))
    return shop, saved[flow.key]


def _decide(case: Deciding, event: Event | None) -> None:
    case, loaded = _looked_at(case)
    if isinstance(event, CartUpdated) and _end_trips_of_others(case):
        case, loaded = _looked_at(case)
    facts = _facts(case, loaded)
    trip = _running_trip(case, loaded)
    settings = _settings_for(case, trip)
    if event is None:
        actions = case.flow.wake("settings", settings, facts.only(case.flow.needs))
    else:
        actions = case.flow.plan(event, settings, facts.only(case.flow.needs))
    for action in actions:
        trip = _apply(case, action, facts, trip)


def _looked_at(case: Deciding) -> tuple[Deciding, Loaded]:
    subjects, also = [case.subject], [trips_of_cart(case), lately(case)]
    loaded = load(case.session, case.merchant.id, subjects, case.now, also)
    trips, ((enrolled,),) = loaded.also
    return replace(case, cart_trips=trips, enrolled_lately=enrolled), loaded


def _end_trips_of_others(case: Deciding) -> bool:
    """A cart that has become somebody else's: whoever was reminded of it
    before must not be sent the other's cart."""
    person_id = case.subject.person_id
    others = [trip for trip in case.cart_trips if trip.person_id != person_id and trip.state in RUNNING]
    if person_id is None or not others:
        return False
    lock_people(case.session, case.merchant.id, [trip.person_id for trip in others])
    for trip in others:
        end_trip(case.session, case.merchant.id, trip.id, Reason.OTHER_PERSON, case.now, case.inbound_id)
    return True


def _facts(case: Deciding, loaded: Loaded) -> Facts:
    policy = case.shop.consent_policy
    return facts_for(loaded, case.subject, case.flow.key, case.saved.mode, case.flow.purpose, policy)


def _running_trip(case: Deciding, loaded: Loaded) -> Trip | None:
    person_id = case.subject.person_id
    if person_id is None:
        return None
    for row in loaded.trips.get((person_id, case.flow.key, case.saved.mode), ()):
        if row.state in RUNNING and row.lane == lane_of(person_id):
            return Trip(row.id, row.subject_id, row.settings_version, row.state)
    return None


def _settings_for(case: Deciding, trip: Trip | None) -> FlowSettings:
    """A trip under way keeps its waiting times; all else holds from saving."""
    if trip is None or trip.settings_version == case.saved.version:
        return case.saved.settings
    older = settings_at(case.session, case.merchant.id, case.flow, trip.settings_version)
    return case.saved.settings.keeping_times_of(older)


def _apply(case: Deciding, action: Action, facts: Facts, trip: Trip | None) -> Trip | None:
    """Do what the flow wants; the person's running trip after it."""
    before_live = _before_live(case, facts)
    match action:
        case Refuse(reasons=reasons):
            _refuse(case, reasons + before_live)
        case Exit(reason=reason) if trip is not None:
            end_trip(case.session, case.merchant.id, trip.id, reason, case.now, case.inbound_id)
            return None
        case Enrol() if before_live and trip is None:
            case.record("refused", before_live)
        case Enrol():
            return enrol(case, action, trip)
    return trip


def _refuse(case: Deciding, reasons: tuple[Reason, ...]) -> None:
    """Why this cart starts no trip; one that had its trip needs no more words."""
    mine = (case.saved.mode, case.subject.person_id)
    if mine not in ((trip.mode, trip.person_id) for trip in case.cart_trips):
        case.record("refused", reasons)


def _before_live(case: Deciding, facts: Facts) -> tuple[Reason, ...]:
    """What was left before the flow was switched on stays untouched."""
    since = case.saved.live_since
    return (Reason.BEFORE_LIVE,) if since is not None and facts[CartFacts].activity_at < since else ()


def _subjects(
    machine: Machine, session: Session, merchant: Merchant, flow: Flow, mode: str, touched: Sequence[Touched]
) -> dict[Subject, Event]:
    """What each event is about: its own cart, or the cart that matters to the
    people it names; each subject is decided once, however many events."""
    found: dict[Subject, Event] = {}
    first = _first_carts(touched)
    heard = [item for item in touched if isinstance(item.event, flow.listens_to)]
    for item in heard:
        if item.cart_id is not None:
            found.setdefault(Subject(item.person_id, item.cart_id), item.event)
            continue
        for person_id in _people_meant(machine, session, merchant.id, item):
            cart_id = first.get(person_id) or _cart_that_matters(
                session, merchant.id, flow.key, mode, person_id
            )
            if cart_id is not None:
                found.setdefault(Subject(person_id, cart_id), item.event)
    return found


def _first_carts(touched: Sequence[Touched]) -> dict[int, int]:
    """The carts of people of whom nothing was known before this body: which of
    theirs matters needs no question."""
    first: dict[int, int] = {}
    for item in touched:
        match item:
            case Touched(CartUpdated(cart=cart), int(person_id), int(cart_id), just_met=True) if (
                not cart.test
            ):
                first[person_id] = cart_id
    return first


def _people_meant(machine: Machine, session: Session, merchant_id: int, item: Touched) -> list[int]:
    """The person named and, for an order, whoever left its cart or phone."""
    meant = {item.person_id} if item.person_id is not None else set()
    if isinstance(item.event, OrderEvent):
        meant |= _left_its_cart(machine, session, merchant_id, item.event)
        lock_people(session, merchant_id, meant - {item.person_id})
    return sorted(meant)


def _left_its_cart(machine: Machine, session: Session, merchant_id: int, event: OrderEvent) -> set[int]:
    order = event.order
    tokens = [token for token in (order.cart_token, order.cart_ref) if token]
    matches: list[ColumnElement[bool]] = [carts.c.ref.in_(tokens), carts.c.token.in_(tokens)]
    if order.contact.phone:
        print_ = fingerprint(machine.vault, merchant_id, "phone", order.contact.phone)
        matches.append(carts.c.phone_fingerprint == print_)
    rows = session.execute(
        select(carts.c.person_id)
        .where(carts.c.merchant_id == merchant_id, carts.c.person_id.is_not(None), or_(*matches))
        .distinct()
    )
    return set(rows.scalars())


_OF_TRIP = select(enrolments.c.subject_id).where(
    enrolments.c.merchant_id == bindparam("whose"),
    enrolments.c.flow == bindparam("flow"),
    enrolments.c.mode == bindparam("mode"),
    enrolments.c.lane == bindparam("lane"),
    # Written out, so that the index of running trips can be used.
    or_(*(enrolments.c.state == literal_column(f"'{state}'") for state in RUNNING)),
)
_NEWEST = (
    select(carts.c.id)
    .where(
        carts.c.merchant_id == bindparam("whose"),
        carts.c.person_id == bindparam("person"),
        carts.c.test.is_(False),
    )
    .order_by(carts.c.activity_at.desc(), carts.c.ref.desc())
    .limit(1)
)
_CART_THAT_MATTERS = Statement(select(func.coalesce(_OF_TRIP.scalar_subquery(), _NEWEST.scalar_subquery())))


def _cart_that_matters(
    session: Session, merchant_id: int, flow: str, mode: str, person_id: int
) -> int | None:
    """The cart of the person's running trip, else the newest one."""
    wanted = {
        "whose": merchant_id,
        "flow": flow,
        "mode": mode,
        "lane": lane_of(person_id),
        "person": person_id,
    }
    found: int | None = _CART_THAT_MATTERS.rows(session, wanted)[0][0]
    return found
