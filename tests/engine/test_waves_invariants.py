"""Days of a sold-out product at random: never more people are told than there is for them,
nobody twice, nobody before whoever has waited longer, whatever the stock does."""

import random
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import pairwise

import pytest

from core.errors import Permanent
from core.models.tables import restocks, sign_ups
from integrations.roles import Message
from tests.engine.line import MUG, name, open_line, states
from tests.engine.stories import Postbox, is_known, save_shop
from tests.support.kontor import Kontor

FACTOR = 2
PEOPLE = 30
PAUSE = timedelta(minutes=60)


@dataclass
class Watched(Postbox):
    """Looks, at the very moment of each message, at what is there for how many."""

    kontor: Kontor | None = None
    wrong: list[str] = field(default_factory=list)
    waves: list[datetime] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    def send(self, message: Message, merchant_id: int) -> str:
        kontor = self.kontor
        assert kontor is not None
        self._look(kontor, message)
        return super().send(message, merchant_id)

    def _look(self, kontor: Kontor, message: Message) -> None:
        if message.to in [one.to for one in self.sent]:
            self.wrong.append(f"{message.to} was told twice")
        (wave,) = [row for row in kontor.rows(restocks) if row.state == "running"]
        if wave.wave_at not in self.waves:
            self.waves.append(wave.wave_at)
        rows = kontor.rows(sign_ups)
        told = sum(1 for row in rows if row.told_at is not None and row.told_at >= wave.wave_at)
        ordered = sum(
            line.quantity
            for order in kontor.store.orders()
            if order.placed_at >= wave.wave_at
            for line in order.lines
            if line.variant_ref == MUG
        )
        units = units_of(kontor)
        if told - ordered > FACTOR * units:
            self.wrong.append(f"{told} told and {ordered} ordered with {units} left")
        # Nobody else is told while one who has waited longer was never called.
        mine = next(row for row in rows if name_of(kontor, row.id) == message.to)
        for row in rows:
            if row.place_at < mine.place_at and (row.state, row.episode, row.not_before) == (
                "waiting",
                1,
                None,
            ):
                self.wrong.append(f"{message.to} was told before {row.id}")


def name_of(kontor: Kontor, sign_up_id: int) -> str:
    first = min(row.id for row in kontor.rows(sign_ups))
    return name(sign_up_id - first)


def units_of(kontor: Kontor) -> int:
    (found,) = [v for p in kontor.store.products() for v in p.variants if v.ref == MUG]
    return found.stock.units or 0


@dataclass
class Days:
    kontor: Kontor
    dice: random.Random
    refused: int = 0

    def live(self, acts: int) -> None:
        doing = [
            self._stock,
            self._stock,
            self._somebody_buys,
            self._one_of_them_buys,
            self._trouble,
            self._quiet,
        ]
        for _ in range(acts):
            try:
                self.dice.choice(doing)()
            except Permanent:
                self.refused += 1  # What makes no sense, as a real shop does.
            self.kontor.forward(minutes=self.dice.choice([0.5, 3, 20, 61, 130, 400]))

    def _stock(self) -> None:
        self.kontor.hear(self.kontor.store.restock(MUG, self.dice.choice([0, 0, 1, 1, 2, 5])))

    def _somebody_buys(self) -> None:
        self._buy(f"stranger-{self.dice.randint(0, 99)}@example.com")

    def _one_of_them_buys(self) -> None:
        self._buy(name(self.dice.randrange(PEOPLE)))

    def _buy(self, email: str) -> None:
        store = self.kontor.store
        cart = store.begin_cart()
        self.kontor.hear(store.add_to_cart(cart, MUG))
        self.kontor.hear(store.leave_email(cart, email))
        self.kontor.hear(store.pay(cart))

    def _trouble(self) -> None:
        which = self.dice.choice(["loses_webhooks", "is_down"])
        self.kontor.store.switch(which, on=self.dice.random() < 0.5)  # type: ignore[arg-type]

    def _quiet(self) -> None:
        save_shop(self.kontor, quiet_email=self.dice.random() < 0.5)


@pytest.mark.parametrize("seed", range(8))
def test_never_more_people_are_told_than_there_is_for_them_whatever_the_stock_does(
    kontor: Kontor, seed: int
) -> None:
    watched = _watched(kontor)
    open_line(kontor, PEOPLE, factor=FACTOR)
    Days(kontor, random.Random(seed)).live(24)
    assert watched.wrong == []
    assert all(later - earlier >= PAUSE for earlier, later in pairwise(watched.waves))
    assert all(is_known(state.partition(":")[2] or None) for state in states(kontor))


@pytest.mark.parametrize("seed", range(3))
def test_in_the_end_everybody_was_told_or_there_is_a_reason_why_not(kontor: Kontor, seed: int) -> None:
    watched = _watched(kontor)
    open_line(kontor, PEOPLE, factor=FACTOR)
    Days(kontor, random.Random(seed)).live(15)
    for switch in ("loses_webhooks", "is_down"):
        kontor.store.switch(switch, on=False)
    save_shop(kontor, quiet_email=False)
    kontor.hear(kontor.store.sell_out(MUG))
    kontor.hear(kontor.store.restock(MUG, 40))
    kontor.forward(hours=30)
    assert set(states(kontor)) <= {"told", "over:bought"}
    assert watched.wrong == []


def _watched(kontor: Kontor) -> Watched:
    watched = Watched(kontor=kontor)
    kontor.machine = replace(kontor.machine, channel=watched)
    return watched
