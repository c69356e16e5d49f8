"""Looking back: what the last thirty days would have been, told before a flow goes live.

It goes through the people who left carts, a portion at a time, and keeps how far
it has come: whoever takes it up again after a crash goes on from there.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

import structlog
from sqlalchemy import and_, func, or_, select, update
from sqlalchemy.orm import Session

from core import clock
from core.db import insert, may_pass, reading, transaction
from core.models import Merchant
from core.models.tables import carts, look_backs
from core.settings import FlowSettings
from engine.hindsight import Imagined, Tally, tell
from engine.known import Subject
from engine.loading import load
from engine.machine import Machine
from engine.shop_settings import ShopSettings, newest_settings
from flows.flow import Flow

log = structlog.get_logger()

SPAN = timedelta(days=30)
LEASE = timedelta(minutes=5)
PEOPLE_AT_ONCE = 100
PORTIONS_A_TURN = 10
ATTEMPTS = 3


def policies(machine: Machine, platform: str) -> tuple[str, ...]:
    """The consent policies that a shop of this platform can choose from."""
    keeps = platform in machine.connected and machine.connected[platform].keeps_consent
    return ("opted_in", "existing_customers", *(("platform",) if keeps else ()))


def ask(machine: Machine, merchant_id: int, flow: Flow, by: str) -> None:
    """Begin anew, with what is set now. `by` is the member's name."""
    with reading(machine.db) as session:
        row = _beginning(session, session.get_one(Merchant, merchant_id))
    row |= {"asked_by": by, "asked_at": clock.now()}
    with transaction(machine.db) as session:
        fresh = insert(look_backs, session).values(merchant_id=merchant_id, flow=flow.key, claim=0, **row)
        again = row | {"claim": look_backs.c.claim + 1}
        session.execute(fresh.on_conflict_do_update(index_elements=["merchant_id", "flow"], set_=again))
    machine.bells.upkeep()


def newest(session: Session, merchant_id: int, flow: str) -> Any | None:
    mine = (look_backs.c.merchant_id == merchant_id, look_backs.c.flow == flow)
    return session.execute(select(look_backs).where(*mine)).one_or_none()


def run(machine: Machine, most: int = 20) -> int:
    """Go on with what was asked for; how many turns."""
    done = 0
    while done < most and not machine.stopping.is_set() and _take_up_next(machine):
        done += 1
    return done


def _beginning(session: Session, merchant: Merchant) -> dict[str, Any]:
    until = clock.now(merchant)
    mine = _left(merchant.id, until)
    people = func.count(func.distinct(carts.c.person_id))
    nameless = func.count().filter(carts.c.person_id.is_(None))
    counted = session.execute(select(people, nameless).where(mine)).one()
    return {
        "state": "waiting",
        "until": until,
        "settings_rev": merchant.settings_rev,
        "at_person": 0,
        "people_done": 0,
        "people": counted[0],
        "nameless": counted[1],
        "told": {},
        "lease_until": None,
        "attempts": 0,
        "done_at": None,
    }


def _left(merchant_id: int, until: datetime) -> Any:
    """The carts of the span, without tests."""
    within = carts.c.activity_at.between(until - SPAN, until)
    return and_(carts.c.merchant_id == merchant_id, within, carts.c.test.is_(False))


def _take_up_next(machine: Machine) -> bool:
    row = _claim(machine)
    if row is None:
        return False
    try:
        _go_on(machine, SimpleNamespace(**row._asdict()))
    except Exception as error:
        # Whatever is wrong with this one, it blocks nobody and is tried again; then she is told.
        if may_pass(error):
            raise
        log.exception("look_back_failed", merchant_id=row.merchant_id, flow=row.flow)
        _write(machine, row, {"lease_until": None, **_failed(row)})
    return True


def _claim(machine: Machine) -> Any | None:
    now = clock.now()
    free = or_(look_backs.c.lease_until.is_(None), look_backs.c.lease_until < now)
    first = select(look_backs.c.id).where(look_backs.c.state == "waiting", free).order_by(look_backs.c.id)
    with transaction(machine.db) as session:
        found = session.execute(first.limit(1).with_for_update(skip_locked=True)).scalar_one_or_none()
        if found is None:
            return None
        taken = update(look_backs).where(look_backs.c.id == found).returning(*look_backs.c)
        values = {"claim": look_backs.c.claim + 1, "lease_until": now + LEASE}
        return session.execute(taken.values(**values)).one()


def _failed(row: Any) -> dict[str, Any]:
    over = {"state": "failed", "done_at": clock.now()} if row.attempts + 1 >= ATTEMPTS else {}
    return {"attempts": row.attempts + 1, **over}


def _go_on(machine: Machine, row: Any) -> None:
    """A few portions, then it is somebody else's turn."""
    for _ in range(PORTIONS_A_TURN):
        values = _portion(machine, row)
        if not _write(machine, row, values) or values["state"] == "done":
            return
        row = SimpleNamespace(**row.__dict__ | values)
        if machine.stopping.is_set():
            break
    _write(machine, row, {"lease_until": None})


def _portion(machine: Machine, row: Any) -> dict[str, Any]:
    with reading(machine.db) as session:
        merchant = session.get_one(Merchant, row.merchant_id)
        flow = machine.flows[row.flow]
        shop, saved = newest_settings(session, merchant.id, (flow,))
        theirs = _next_people(session, row)
        subjects = [Subject(person, cart) for person, found in theirs.items() for cart in found]
        loaded = load(session, merchant.id, subjects, row.until) if subjects else None
        session.expunge(merchant)
    if loaded is None:
        return {"state": "done", "done_at": clock.now(), "lease_until": None}
    told = dict(row.told)
    for policy in policies(machine, merchant.platform):
        imagined = _imagined(merchant, flow, saved[flow.key].settings, shop, policy)
        tally = Tally(**told.get(policy, {}))
        for person, found in theirs.items():
            tell(tally, imagined, loaded, person, found)
        told[policy] = asdict(tally)
    return {
        "state": "waiting",
        "at_person": max(theirs),
        "people_done": row.people_done + len(theirs),
        "told": told,
        "lease_until": clock.now() + LEASE,
    }


def _next_people(session: Session, row: Any) -> Mapping[int, Sequence[int]]:
    """The next people by their numbers, and the carts of each."""
    further = and_(_left(row.merchant_id, row.until), carts.c.person_id > row.at_person)
    some = select(carts.c.person_id).where(further).distinct().order_by(carts.c.person_id)
    chosen = some.limit(PEOPLE_AT_ONCE).scalar_subquery()
    found: dict[int, list[int]] = defaultdict(list)
    query = select(carts.c.person_id, carts.c.id).where(further, carts.c.person_id.in_(chosen))
    for person_id, cart_id in session.execute(query):
        found[person_id].append(cart_id)
    return found


def _imagined(
    merchant: Merchant, flow: Flow, settings: FlowSettings, shop: ShopSettings, policy: str
) -> Imagined:
    wanted = ShopSettings.model_validate(shop.model_dump() | {"consent_policy": policy})
    return Imagined(merchant, flow, settings, wanted)


def _write(machine: Machine, row: Any, values: Mapping[str, Any]) -> bool:
    """Only as long as the claim is ours."""
    mine = and_(look_backs.c.id == row.id, look_backs.c.claim == row.claim)
    with transaction(machine.db) as session:
        written = session.execute(update(look_backs).where(mine).values(**values))
    return bool(written.rowcount)  # type: ignore[attr-defined]
