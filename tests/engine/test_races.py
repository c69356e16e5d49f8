"""An order in the last second, or a word in the very moment of acting, stops the mail."""

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from core.db import reading
from core.models.tables import effects, mailbox_messages
from engine.jobs import settle_all
from tests.support.crowd import AN_HOUR, PLAIN, SmallShop
from tests.support.kontor import Kontor, development
from tests.support.stopped import StoppedClock

SHOPS = 5
EACH = 50
AT_ONCE = 5
APART = timedelta(seconds=3)
A_SECOND = timedelta(seconds=1)


@pytest.mark.timeout(400)
@pytest.mark.parametrize("quarter", [1, 2, 3, 4])
def test_an_order_one_second_before_the_step_whose_webhook_is_lost_stops_the_mail(
    kontor: Kontor, stopped: StoppedClock, quarter: int
) -> None:
    """Four times 250 make the thousand."""
    assert race(kontor, SHOPS) == (SHOPS * EACH, 0)


@pytest.mark.timeout(400)
def test_it_does_on_postgresql_too(migrated_postgres_url: str, tmp_path: Path, stopped: StoppedClock) -> None:
    kontor = Kontor.open(development(tmp_path, migrated_postgres_url))
    assert race(kontor, shops=4) == (4 * EACH, 0)
    kontor.close()


def race(kontor: Kontor, shops: int) -> tuple[int, int]:
    """How many were stopped by `bought`, and how many got a mail, of the people who buy a
    second before they would be written to, EACH in every shop. Who doesn't buy is written to."""
    towns = [SmallShop.open(kontor.machine, PLAIN) for _ in range(shops)]
    honest = SmallShop.open(kontor.machine, PLAIN)
    for shop in towns:
        for _ in range(EACH // AT_ONCE):
            shop.leave_carts(AT_ONCE)
            shop.let_time_pass(APART)
    honest.leave_carts(1)
    everybody = [cart for shop in (*towns, honest) for cart in shop.left]
    kontor.deliver([webhook for cart in everybody for webhook in cart.webhooks])
    kontor.settle()
    _buy_in_the_last_second(kontor, towns)
    _forward(kontor, [*towns, honest], AN_HOUR)
    assert _mails(kontor, honest) == 1
    ended = _count(kontor, [shop.merchant_id for shop in towns])
    return ended, sum(_mails(kontor, shop) for shop in towns)


def _buy_in_the_last_second(kontor: Kontor, shops: Sequence[SmallShop]) -> None:
    """Shop by shop side by side: to a second before a step, buy, and on."""
    rounds = EACH // AT_ONCE
    _forward(kontor, shops, timedelta(hours=1) - rounds * APART - A_SECOND)
    for number in range(rounds):
        for shop in shops:
            for cart in shop.left[number * AT_ONCE : (number + 1) * AT_ONCE]:
                assert shop.store.pay(cart.cart), "the news of it is not delivered"
        _forward(kontor, shops, APART)


def _forward(kontor: Kontor, shops: Sequence[SmallShop], span: timedelta) -> None:
    for shop in shops:
        shop.forward(span)
    settle_all(kontor.machine)


def _mails(kontor: Kontor, shop: SmallShop) -> int:
    mine = select(mailbox_messages.c.id).where(mailbox_messages.c.merchant_id == shop.merchant_id)
    with reading(kontor.machine.db) as session:
        return len(session.execute(mine).all())


def _count(kontor: Kontor, shops: Sequence[int]) -> int:
    """Every one of them was under way and was stopped by the question alone."""
    stopped = select(effects.c.id).where(
        effects.c.merchant_id.in_(shops), effects.c.reason == "bought", effects.c.claim > 0
    )
    with reading(kontor.machine.db) as session:
        return len(session.execute(stopped).all())
