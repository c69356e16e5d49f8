"""Counting the figures of some days from the rows themselves: whatever is
kept of them was counted here."""

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Label,
    ScalarSelect,
    Select,
    Subquery,
    and_,
    bindparam,
    case,
    func,
    literal,
    select,
)
from sqlalchemy.orm import Session

from core.models.tables import carts, clicks, consents, discount_codes, effects, enrolments, orders
from engine import calendar
from engine.figures import ACCEPTED, FAILED, IN_DOUBT, LEFT_OUT, WENT_OUT, Figures, Key

A_DAY = timedelta(days=1)
Counted = Mapping[Key, Figures]
_WHOSE: BindParameter[int] = bindparam("whose")


@dataclass(frozen=True, slots=True)
class Days:
    """Days that follow one another, from midnight to midnight in the shop's zone."""

    first: date
    last: date
    zone: str

    @property
    def moments(self) -> list[datetime]:
        """Where each begins, and where the last one ends."""
        whole = range((self.last - self.first).days + 2)
        return [calendar.at_hour(self.day(n), time(0), ZoneInfo(self.zone)) for n in whole]

    def day(self, nth: int) -> date:
        return self.first + nth * A_DAY


def count(session: Session, merchant_id: int, flows: Collection[str], days: Days, now: datetime) -> Counted:
    """The figures of these days; days on which nothing was are left out.
    `now` is the merchant's time: what is due later is not due."""
    found: dict[Key, Figures] = defaultdict(Figures)
    moments = days.moments
    values: dict[str, Any] = {f"m{n}": moment for n, moment in enumerate(moments)}
    values |= {"whose": merchant_id, "flows": tuple(flows), "now": now}
    for statement, add in _questions(len(moments) - 1):
        for row in session.execute(statement, values):
            add(found[Key(row.flow, row.mode, days.day(row.nth))], row)
    return found


Add = Callable[[Figures, Any], None]


@lru_cache(maxsize=64)
def _questions(days: int) -> Sequence[tuple[Select[Any], Add]]:
    """What is asked of so many days, and what an answer adds. Building a
    question costs as much as its answer, and nearly always it is one day's."""
    trips, messages, discounts = _trips(days), _messages(days), _discounts(days)
    net = [(_recovered(days), _add_recovered), (_bought_anyway(days), _add_bought_anyway)]
    became = [func.sum(case((messages.c[one], 1), else_=0)).label(one) for one in ("clicked", "unsubscribed")]
    return (
        (_grouped(trips, trips.c.out), _add_trips),
        (_grouped(messages, messages.c.state, messages.c.reason).add_columns(*became), _add_messages),
        *((_worth(rows, rows.c.net), add) for rows, add in net),
        (_worth(discounts, discounts.c.reserved_minor), _add_discounts),
    )


def _nth(column: ColumnElement[Any], days: int) -> Label[int]:
    """The place of the day that a moment falls on."""
    within = [(column < bindparam(f"m{n + 1}"), literal(n)) for n in range(days - 1)]
    place: ColumnElement[int] = case(*within, else_=literal(days - 1)) if within else literal(0)
    return place.label("nth")


def _within(column: ColumnElement[Any], days: int) -> ColumnElement[bool]:
    return and_(column >= bindparam("m0"), column < bindparam(f"m{days}"))


def _of_flows(column: ColumnElement[str]) -> ColumnElement[bool]:
    return column.in_(bindparam("flows", expanding=True))


def _trips(days: int) -> Subquery:
    began = enrolments.c.enrolled_at
    out = (enrolments.c.state == "held_out").label("out")
    return (
        select(_nth(began, days), enrolments.c.flow, enrolments.c.mode, out)
        .where(
            enrolments.c.merchant_id == _WHOSE,
            _of_flows(enrolments.c.flow),
            _within(began, days),
            # What is sent again enters nobody anew.
            enrolments.c.episode > 0,
        )
        .subquery()
    )


def _add_trips(one: Figures, row: Any) -> None:
    one.held_out += row.times if row.out else 0
    one.entered += 0 if row.out else row.times


def _messages(days: int) -> Subquery:
    """Those that are due by now. Only what went out can be clicked."""
    went_out = effects.c.state.in_(WENT_OUT)
    clicked = _first(clicks.c.id, clicks.c.effect_id == effects.c.id, clicks.c.counted)
    objected = _first(consents.c.id, consents.c.effect_id == effects.c.id, consents.c.state == "opted_out")
    return (
        select(
            _nth(effects.c.due_at, days),
            effects.c.flow,
            effects.c.mode,
            effects.c.state,
            effects.c.reason,
            and_(went_out, clicked.is_not(None)).label("clicked"),
            and_(went_out, objected.is_not(None)).label("unsubscribed"),
        )
        .where(
            effects.c.merchant_id == _WHOSE,
            effects.c.kind == "send_message",
            _of_flows(effects.c.flow),
            _within(effects.c.due_at, days),
            effects.c.due_at <= bindparam("now"),
        )
        .subquery()
    )


def _first(column: ColumnElement[int], *of_message: ColumnElement[bool]) -> ScalarSelect[int]:
    """Looked up for each message: asked whether any exists, PostgreSQL reads all there are."""
    return select(column).where(*of_message).limit(1).correlate(effects).scalar_subquery()


def _add_messages(one: Figures, row: Any) -> None:
    one.clicked += row.clicked
    one.unsubscribed += row.unsubscribed
    if row.state in ACCEPTED:
        one.accepted += row.times
    elif row.state in IN_DOUBT:
        one.in_doubt += row.times
    elif row.state in FAILED:
        one.failed += row.times
    elif row.state in LEFT_OUT:
        # What stands behind a colon is a detail of the reason.
        one.left_out[(row.reason or "").partition(":")[0]] += row.times
    else:
        one.waiting += row.times


def _paid(days: int) -> ColumnElement[bool]:
    return and_(
        orders.c.merchant_id == _WHOSE,
        _within(orders.c.placed_at, days),
        orders.c.bought,
        orders.c.paid_at.is_not(None),
        orders.c.test.is_(False),
    )


def _of_order(days: int) -> tuple[Any, ...]:
    net = (orders.c.net_minor - orders.c.refunded_minor).label("net")
    return _nth(orders.c.placed_at, days), orders.c.currency, net


def _recovered(days: int) -> Subquery:
    return (
        select(*_of_order(days), effects.c.flow, effects.c.mode)
        .join(effects, effects.c.id == orders.c.clicked_effect_id)
        .where(_paid(days), effects.c.merchant_id == _WHOSE, _of_flows(effects.c.flow))
        .subquery()
    )


def _add_recovered(one: Figures, row: Any) -> None:
    taken = one.of(row.currency)
    taken.recovered += row.times
    taken.recovered_minor += int(row.worth)


def _bought_anyway(days: int) -> Subquery:
    """Orders of carts that were on a trip, each once however often they were."""
    trip = and_(
        enrolments.c.merchant_id == _WHOSE,
        _of_flows(enrolments.c.flow),
        enrolments.c.mode.in_(("live", "shadow")),
        enrolments.c.subject == "cart",
        enrolments.c.subject_id == carts.c.id,
        enrolments.c.state != "held_out",
    )
    return (
        select(*_of_order(days), enrolments.c.flow, enrolments.c.mode, orders.c.id)
        .join(carts, and_(carts.c.merchant_id == _WHOSE, carts.c.ref == orders.c.cart_ref))
        .join(enrolments, trip)
        .where(_paid(days), orders.c.clicked_effect_id.is_(None))
        .distinct()
        .subquery()
    )


def _add_bought_anyway(one: Figures, row: Any) -> None:
    taken = one.of(row.currency)
    taken.bought_anyway += row.times
    taken.bought_anyway_minor += int(row.worth)


def _discounts(days: int) -> Subquery:
    """Codes are made live only."""
    used = discount_codes.c.used_at
    return (
        select(
            _nth(used, days),
            discount_codes.c.flow,
            literal("live").label("mode"),
            discount_codes.c.currency,
            discount_codes.c.reserved_minor,
        )
        .where(discount_codes.c.merchant_id == _WHOSE, _of_flows(discount_codes.c.flow), _within(used, days))
        .subquery()
    )


def _add_discounts(one: Figures, row: Any) -> None:
    one.of(row.currency).discount_minor += int(row.worth)


def _worth(rows: Subquery, minor: ColumnElement[int]) -> Select[Any]:
    return _grouped(rows, rows.c.currency).add_columns(func.sum(minor).label("worth"))


def _grouped(rows: Subquery, *by: ColumnElement[Any]) -> Select[Any]:
    """How many of these rows there were a day, of each flow and mode and of each of `by`."""
    each = (rows.c.nth, rows.c.flow, rows.c.mode, *by)
    return select(*each, func.count().label("times")).group_by(*each)
