"""Waves: the people of a waiting line whose turn it is are taken on their trips,
a portion at a time, each in one transaction."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Select, exists, func, select, update
from sqlalchemy.orm import Session

from core import clock
from core.actions import ReleaseWave, SendMessage, Skip, Wait, WakeAt
from core.facts import ConsentFacts, Facts, LineFacts, SignUpFacts
from core.models.tables import enrolments, merchants, restocks, sign_ups
from core.reasons import Reason
from engine import places, turns, waiting
from engine.batches import Open, is_fresh
from engine.known import Subject
from engine.machine import Machine
from engine.permission import Go
from engine.restocks import RUNNING, Line, apply, end, look_at
from engine.settings_known import Settings
from engine.settling import Outcome
from engine.shop_settings import ShopSettings
from engine.trips import RUNNING as UNDER_WAY
from engine.verdicts import Settled, skipped, soon
from engine.waiting import CALLED


def prepare(machine: Machine, session: Session, opened: Open, row: Any) -> Settled:
    """Look at the line and let the flow decide how many are to be told; they
    are taken on their trips, and the next look is set, all in this transaction."""
    queue = _locked(session, opened.merchant.id, row.payload["restock"])
    if queue is None:
        return skipped(row, Reason.DUPLICATE)
    settings = machine.settings_of(session, opened.merchant.id, queue.settings_rev)
    saved = settings.flows[row.flow]
    flow = machine.flows[row.flow]
    line = Line(opened.merchant, flow, saved, queue.variant_id, queue.id, row.step)
    over = _over(opened, saved.mode, row)
    if over is not None:
        end(session, line, over)
        return skipped(row, over)
    if not is_fresh(opened, row):
        return soon(row)
    _mend(session, opened.merchant.id, queue)
    facts = Facts(_facts(session, opened, row, line, queue.id))
    for action in flow.wake(row.payload["name"], saved.settings, facts):
        _apply(session, settings, line, action, row, facts)
    return Settled(Outcome(row.id, row.claim, "done", ("claimed",)))


def _locked(session: Session, merchant_id: int, restock_id: int) -> Any | None:
    """The restock, if it still runs, and the revision of the shop's settings."""
    rev = select(merchants.c.settings_rev).where(merchants.c.id == merchant_id).scalar_subquery()
    mine = (restocks.c.merchant_id == merchant_id, restocks.c.id == restock_id, RUNNING)
    found = select(restocks, rev.label("settings_rev")).where(*mine).with_for_update()
    return session.execute(found).one_or_none()


def _over(opened: Open, mode: str, row: Any) -> Reason | None:
    if opened.connection.state == "uninstalled" or opened.merchant.uninstalled_at is not None:
        return Reason.UNINSTALLED
    return Reason.FLOW_OFF if mode != row.mode else None


def _mend(session: Session, merchant_id: int, queue: Any) -> None:
    """Whoever was called and has no trip any more is in her place again."""
    trip = exists().where(
        enrolments.c.merchant_id == merchant_id,
        enrolments.c.flow == queue.flow,
        enrolments.c.mode == "live",
        enrolments.c.subject == "sign_up",
        enrolments.c.subject_id == sign_ups.c.id,
        enrolments.c.state.in_(UNDER_WAY),
    )
    mine = (sign_ups.c.merchant_id + 0 == merchant_id, sign_ups.c.variant_id == queue.variant_id)
    lost = (*mine, CALLED, ~trip)
    session.execute(update(sign_ups).where(*lost).values(state="waiting", episode=sign_ups.c.episode + 1))


def _facts(session: Session, opened: Open, row: Any, line: Line, restock_id: int) -> LineFacts:
    """The line under its lock, with the stock that the shop has just told."""
    now = clock.now(opened.merchant)
    assert opened.asked is not None
    variant = opened.waves[row.id]
    stock = opened.asked.stock.get(variant.variant_ref, waiting.NOTHING)
    told = waiting.queue_of(session, opened.merchant.id, restock_id)
    facts = waiting.line_facts(now, variant, told, stock)
    someone, later = session.execute(_who_waits(line, now)).one()
    return replace(facts, anybody=bool(someone), later_at=later)


def _who_waits(line: Line, now: datetime) -> Select[Any]:
    """Whether anybody's turn could be now, and when the next one's will be."""
    mine = turns.in_line(line, now)
    ready = exists().where(*mine, turns.ready(now))
    later = select(func.min(sign_ups.c.not_before)).where(*mine, sign_ups.c.not_before > now)
    return select(ready, later.scalar_subquery())


def _apply(session: Session, settings: Settings, line: Line, action: Any, row: Any, facts: Facts) -> None:
    if not isinstance(action, ReleaseWave):
        if not isinstance(action, WakeAt) or _goes_on(session, line, facts):
            apply(session, line, action)
        return
    # How many a member wants told at once, where she has said so.
    wanted = min(action.people, row.payload.get("people", action.people))
    called, more = _release(session, settings.shop, line, wanted, action.message)
    if called:
        # A wave begins with the first who is called, not while all of them sleep.
        _count(session, line, called, facts[LineFacts].now if action.begins else None)
    if more:
        asked = {name: row.payload[name] for name in ("people", "by") if name in row.payload}
        rest = asked | ({"people": asked["people"] - called} if asked else {})
        look_at(session, line, facts[LineFacts].now, "wave", rest)


def _goes_on(session: Session, line: Line, facts: Facts) -> bool:
    """Whether anybody is left to be told; else the restock is over. Where a
    portion was taken and more follow at once, the next look is set already."""
    someone, later = session.execute(_who_waits(line, facts[LineFacts].now)).one()
    queue = waiting.queue_of(session, line.merchant.id, line.restock_id or 0)
    if someone or later is not None or queue.on_way:
        return True
    end(session, line, None)
    return False


def _release(
    session: Session, shop: ShopSettings, line: Line, most: int, message: SendMessage
) -> tuple[int, bool]:
    """Take the next ones on their trips, at most a portion of them; how many,
    and whether more are to follow at once."""
    turn, passed = turns.next_ones(session, shop, line, min(most, turns.PORTION))
    if turn:
        turns.enrol(session, line, turn, message)
        turns.call(session, line, [one.id for one in turn])
    full = len(turn) == turns.PORTION and most > turns.PORTION
    return len(turn), full or (passed >= turns.PASSED_BY and len(turn) < most)


def _count(session: Session, line: Line, called: int, began_at: datetime | None) -> None:
    """How many have been called; with `began_at` a new wave begins with them."""
    mine = (restocks.c.merchant_id == line.merchant.id, restocks.c.id == line.restock_id)
    values: dict[str, Any] = {"called": restocks.c.called + called}
    if began_at is None:
        values |= {"wave_called": restocks.c.wave_called + called}
    else:
        values |= {"wave_called": called, "wave": restocks.c.wave + 1, "wave_at": began_at}
    session.execute(update(restocks).where(*mine).values(**values))


def kept(session: Session, row: Any, answer: Go | Skip | Wait) -> Go | Skip | Wait:
    """Whoever is held by quiet hours keeps the place but not the unit: somebody
    else is told meanwhile."""
    waits = isinstance(answer, Wait) and answer.reason is Reason.QUIET_HOURS
    if "sign_up" not in row.payload or not waits:
        return answer
    assert isinstance(answer, Wait)
    if row.mode == "live":
        places.leave_until(session, row.merchant_id, [row.payload["sign_up"]], answer.until)
    return Skip(Reason.QUIET_HOURS, ends_trip=True)


def exactly(session: Session, opened: Open, row: Any, subject: Subject, facts: Facts) -> Facts:
    """The line as it stands under its lock, this message being the only one on
    its way: whoever comes next sees that it has gone."""
    line, restock_id = facts[LineFacts], row.payload["restock"]
    mine = (restocks.c.merchant_id == opened.merchant.id, restocks.c.id == restock_id)
    session.execute(select(restocks.c.id).where(*mine).with_for_update())
    queue = waiting.queue_of(session, opened.merchant.id, restock_id)
    variant = opened.loaded.sign_ups[subject.id]
    now = waiting.line_facts(line.now, variant, queue, line.stock)
    exact = replace(now, on_way=1 if row.mode == "live" else 0)
    return Facts(exact, facts[SignUpFacts], facts[ConsentFacts])
