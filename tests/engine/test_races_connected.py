"""An order that only the shop's API knows, a second before the step is due, stops the mail."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from core.db import reading
from core.models.tables import effects, mailbox_messages
from engine.jobs import settle_all
from tests.support.connected_crowd import Town, hang_up, town
from tests.support.crowd import PLAIN, Shop
from tests.support.kontor import Kontor, development
from tests.support.stopped import StoppedClock

EACH = 50
pytestmark = pytest.mark.timeout(300)


@pytest.fixture(params=["shopify", "woocommerce"])
def shops(request: pytest.FixtureRequest, tmp_path: Path, stopped: StoppedClock) -> Iterator[Town]:
    stopped.real = stopped.real.replace(microsecond=0)
    with town(str(request.param), tmp_path) as opened:
        yield opened


def test_the_order_nobody_told_stops_a_hundred_of_a_hundred(
    shops: Town, sqlite_url: str, tmp_path: Path
) -> None:
    kontor = Kontor.open(development(tmp_path, sqlite_url, **shops.settings))
    *towns, honest = shops.open_shops(kontor.machine, 3, PLAIN)
    for shop, carts in ((towns[0], EACH), (towns[1], EACH), (honest, 1)):
        for cart in shop.leave_carts(carts):
            kontor.deliver(cart.webhooks, cart.platform)
    kontor.settle()
    # To the shops it need only be later; their tokens would end with the hour.
    shops.forward(timedelta(minutes=50))
    _forward(kontor, [*towns, honest], timedelta(hours=1) - timedelta(seconds=1))
    for shop in towns:
        for cart in shop.left:
            shop.buy(cart)
    _forward(kontor, [*towns, honest], timedelta(seconds=2))
    assert [_mails(kontor, shop.merchant_id) for shop in (*towns, honest)] == [0, 0, 1]
    assert [_stopped(kontor, shop.merchant_id) for shop in towns] == [EACH, EACH]
    hang_up(kontor.machine)
    kontor.close()


def _forward(kontor: Kontor, shops: list[Shop], span: timedelta) -> None:
    for shop in shops:
        shop.forward(span)
    settle_all(kontor.machine)


def _mails(kontor: Kontor, merchant_id: int) -> int:
    mine = select(mailbox_messages.c.id).where(mailbox_messages.c.merchant_id == merchant_id)
    with reading(kontor.machine.db) as session:
        return len(session.execute(mine).all())


def _stopped(kontor: Kontor, merchant_id: int) -> int:
    """Under way, and stopped by the question alone."""
    found = select(effects.c.id).where(
        effects.c.merchant_id == merchant_id, effects.c.reason == "bought", effects.c.claim > 0
    )
    with reading(kontor.machine.db) as session:
        return len(session.execute(found).all())
