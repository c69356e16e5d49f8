"""Weeks of a shop at random: what must never happen does not, and nothing is left without a reason."""

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from core.errors import Permanent
from core.models.tables import (
    addresses,
    carts,
    consents,
    decisions,
    effects,
    enrolments,
    inbound,
    orders,
)
from engine import consent
from integrations.roles import Request
from tests.engine.stories import is_known, save_preset
from tests.support.kontor import Kontor

PEOPLE = [
    f"{name}@example.com"
    for name in ("anna", "ben", "cleo", "dora", "emil", "fay", "gus", "hana", "ivo", "june")
]
FINAL = ("done", "skipped", "failed", "unknown")


@dataclass
class Weeks:
    """A shop whose people do what people do."""

    kontor: Kontor
    dice: random.Random

    def live(self, acts: int) -> None:
        doing: list[Callable[[], None]] = [
            *[self._leave] * 6, self._touch, self._empty, self._buy, self._buy_unheard,
            self._cancel, self._stock, self._object, self._fail,
        ]  # fmt: skip
        for _ in range(acts):
            self._try(self.dice.choice(doing))
            self.kontor.forward(hours=self.dice.choice([0.2, 1.5, 5, 20]))
        self.kontor.store.switch("is_down", on=False)
        self.kontor.forward(days=6)

    def _try(self, act: Callable[[], None]) -> None:
        try:
            act()
        except Permanent:
            return  # The shop refuses what makes no sense, as a real one does.

    def _carts(self) -> list[str]:
        return [row.ref for row in self.kontor.rows(carts)]

    def _leave(self) -> None:
        self.kontor.leave_cart(
            self.dice.choice(PEOPLE), opted_in=self.dice.random() < 0.7, variants=self.dice.randint(1, 2)
        )

    def _touch(self) -> None:
        for ref in self._one(self._carts()):
            self._hear(self.kontor.store.add_to_cart(ref, "candle"))

    def _empty(self) -> None:
        for ref in self._one(self._carts()):
            for variant in ("mug", "blanket-clay", "candle"):
                self._hear(self.kontor.store.set_quantity(ref, variant, 0))

    def _buy(self) -> None:
        for ref in self._one(self._carts()):
            self._hear(self.kontor.store.pay(ref))

    def _buy_unheard(self) -> None:
        for ref in self._one(self._carts()):
            self.kontor.store.pay(ref)

    def _cancel(self) -> None:
        for order in self._one([order.ref for order in self.kontor.store.orders()]):
            self._hear(self.kontor.store.cancel(order))

    def _stock(self) -> None:
        store = self.kontor.store
        self._hear(self.dice.choice([store.sell_out, store.restock, store.restock])("mug"))

    def _object(self) -> None:
        known = self.kontor.rows(addresses, addresses.c.channel == "email")
        for row in self._one(known) if self.dice.random() < 0.3 else []:
            consent.opt_out(self.kontor.machine, self.kontor.merchant_id, row.id, "page", self.kontor.now())

    def _fail(self) -> None:
        self.kontor.store.switch("is_down", on=self.dice.random() < 0.3)

    def _hear(self, webhooks: tuple[Request, ...]) -> None:
        """In any order, and some of it twice."""
        told = [*webhooks, *(webhook for webhook in webhooks if self.dice.random() < 0.3)]
        self.dice.shuffle(told)
        self.kontor.hear(told)

    def _one(self, some: list[Any]) -> list[Any]:
        return [self.dice.choice(some)] if some else []


@pytest.mark.parametrize("seed", range(3))
def test_over_weeks_nothing_happens_that_must_not(kontor: Kontor, seed: int) -> None:
    dice = random.Random(seed)
    save_preset(kontor, dice.choice(["standard", "quick", "ladder"]), discount_budget=2000)
    Weeks(kontor, dice).live(45)
    sent = kontor.rows(effects, effects.c.kind == "send_message", effects.c.state.in_(["done", "unknown"]))
    assert len(sent) > 5, "a story in which hardly anything is sent proves little"
    _nobody_is_written_to_after_buying(kontor, sent)
    _nobody_gets_more_than_one_a_day_and_three_a_week(sent)
    _everybody_written_to_had_agreed_and_not_objected(kontor, sent)
    _no_step_comes_twice_in_a_trip(sent)
    _everything_ends_or_waits_for_a_named_reason(kontor)
    _every_cart_has_a_decision(kontor)


def _nobody_is_written_to_after_buying(kontor: Kontor, sent: list[Any]) -> None:
    begun = {row.id: row.started_at for row in kontor.rows(carts)}
    subject = {row.id: row.subject_id for row in kontor.rows(enrolments)}
    bought = [(row.person_id, row.placed_at) for row in kontor.rows(orders)]
    for message in sent:
        left = begun[subject[message.enrolment_id]]
        after = [at for who, at in bought if who == message.person_id and left <= at < message.acted_at]
        assert after == [], message.key


def _nobody_gets_more_than_one_a_day_and_three_a_week(sent: list[Any]) -> None:
    days = Counter((row.person_id, row.slot_day) for row in sent)
    assert max(days.values()) == 1
    for person, day in days:
        week = [1 for who, other in days if who == person and timedelta(0) <= day - other < timedelta(days=7)]
        assert len(week) <= 3


def _everybody_written_to_had_agreed_and_not_objected(kontor: Kontor, sent: list[Any]) -> None:
    owner = {row.id: row.person_id for row in kontor.rows(addresses)}
    acts = sorted((row.act_at, row.state, owner[row.address_id]) for row in kontor.rows(consents))
    for message in sent:
        known = [state for at, state, who in acts if who == message.person_id and at <= message.acted_at]
        assert known[-1] == "opted_in", message.key


def _no_step_comes_twice_in_a_trip(sent: list[Any]) -> None:
    assert max(Counter((row.enrolment_id, row.step) for row in sent).values()) == 1
    for earlier, later in _neighbours(sent):
        assert later - earlier >= timedelta(hours=12)


def _neighbours(sent: list[Any]) -> list[tuple[datetime, datetime]]:
    trips: dict[int, list[datetime]] = {}
    for row in sorted(sent, key=lambda row: row.acted_at):
        trips.setdefault(row.enrolment_id, []).append(row.acted_at)
    return [pair for times in trips.values() for pair in pairwise(times)]


def _everything_ends_or_waits_for_a_named_reason(kontor: Kontor) -> None:
    for row in kontor.rows(effects):
        assert is_known(row.reason), row.reason
        assert row.state in FINAL or row.reason or row.due_at > kontor.now(), (row.kind, row.state)
        assert row.state != "skipped" or row.reason
    assert kontor.rows(inbound, inbound.c.state != "done") == []
    active = kontor.rows(enrolments, enrolments.c.state.in_(["active", "held"]))
    assert len({row.lane for row in active}) == len(active)
    assert all(is_known(row.reason) for row in kontor.rows(enrolments))


def _every_cart_has_a_decision(kontor: Kontor) -> None:
    decided = {row.subject_id for row in kontor.rows(decisions)}
    assert {row.id for row in kontor.rows(carts)} <= decided
