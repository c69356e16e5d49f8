"""What a flow brought: net revenue of orders that followed a person's click, each once."""

from datetime import timedelta
from typing import Any

import pytest

from core.db import reading
from core.models.tables import addresses, clicks, effects, orders
from engine import clicks as counting
from engine.clicks import Visit
from engine.links import Clicked, Unsubscribe
from tests.engine.stories import ANNA, BEN, mode, sent
from tests.support.kontor import Kontor
from web import numbers
from web.numbers import Earned, Numbers

NOTHING = Earned(0, {})
PERSON = {"user-agent": "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Safari/604.1"}
# A mug for 18.00 with 19 % tax in it.
NET = 1513


def told(kontor: Kontor) -> Numbers:
    with reading(kontor.machine.db) as session:
        return numbers.of_flow(session, kontor.merchant_id, "cart_recovery")


def click(kontor: Kontor, step: int = 1, method: str = "GET", **headers: str) -> str | None:
    (row,) = kontor.rows(effects, effects.c.kind == "send_message", effects.c.step == step)
    visit = Visit(method, headers or PERSON)
    return counting.record(kontor.machine, Clicked(kontor.merchant_id, row.id, "cart"), visit)


def reminded(kontor: Kontor) -> str:
    cart = kontor.leave_cart()
    kontor.forward(hours=2)
    assert sent(kontor) == [1]
    return cart


def test_an_order_after_a_click_is_recovered_with_its_net_worth(kontor: Kontor) -> None:
    cart = reminded(kontor)
    click(kontor)
    kontor.forward(hours=3)
    kontor.hear(kontor.store.pay(cart))
    assert told(kontor) == Numbers(1, 1, 1, Earned(1, {"EUR": NET}), NOTHING)


def test_an_order_without_a_click_is_bought_anyway_and_never_added(kontor: Kontor) -> None:
    kontor.hear(kontor.store.pay(reminded(kontor)))
    assert told(kontor) == Numbers(1, 1, 0, NOTHING, Earned(1, {"EUR": NET}))


@pytest.mark.parametrize(("days", "counted"), [(4.9, 1), (5.1, 0)])
def test_a_click_counts_for_five_days(kontor: Kontor, days: float, counted: int) -> None:
    cart = reminded(kontor)
    click(kontor)
    kontor.forward(days=days)
    kontor.hear(kontor.store.pay(cart))
    assert told(kontor).recovered.orders == counted
    assert told(kontor).bought_anyway.orders == 1 - counted


def test_the_last_click_gets_the_order_and_the_order_counts_once(kontor: Kontor) -> None:
    cart = reminded(kontor)
    click(kontor, 1)
    kontor.forward(days=1)
    click(kontor, 2)
    kontor.forward(hours=1)
    for _ in range(2):
        kontor.hear(kontor.store.pay(cart) if not kontor.rows(orders) else ())
    (order,) = kontor.rows(orders)
    (second,) = kontor.rows(effects, effects.c.step == 2)
    assert order.clicked_effect_id == second.id
    assert told(kontor).recovered == Earned(1, {"EUR": NET})
    assert told(kontor).clicked == 2


def test_a_click_after_the_order_earns_nothing(kontor: Kontor) -> None:
    kontor.hear(kontor.store.pay(reminded(kontor)))
    kontor.forward(hours=1)
    click(kontor)
    assert told(kontor).recovered == NOTHING


def test_a_cancelled_order_is_no_revenue(kontor: Kontor) -> None:
    cart = reminded(kontor)
    click(kontor)
    kontor.forward(minutes=5)
    kontor.hear(kontor.store.pay(cart))
    kontor.hear(kontor.store.cancel(kontor.store.orders()[0].ref))
    assert told(kontor).recovered == told(kontor).bought_anyway == NOTHING


@pytest.mark.parametrize(
    ("method", "headers"),
    [
        ("HEAD", PERSON),
        ("POST", PERSON),
        ("GET", {"user-agent": "Barracuda Sentinel (EE)"}),
        ("GET", {"user-agent": "Mozilla/5.0 (compatible; Googlebot/2.1)"}),
        ("GET", PERSON | {"sec-purpose": "prefetch;prerender"}),
        ("GET", {"user-agent": " "}),
    ],
)
def test_a_machines_look_at_a_link_is_led_on_but_not_counted(
    kontor: Kontor, method: str, headers: dict[str, Any]
) -> None:
    cart = reminded(kontor)
    target = click(kontor, method=method, **headers)
    assert target is not None
    assert target.startswith("http")
    kontor.forward(minutes=5)
    kontor.hear(kontor.store.pay(cart))
    assert [row.counted for row in kontor.rows(clicks)] == [False]
    assert told(kontor).clicked == told(kontor).recovered.orders == 0


def test_however_often_machines_look_a_person_who_clicks_counts(kontor: Kontor) -> None:
    reminded(kontor)
    for _ in range(counting.MOST_KEPT + 5):
        click(kontor, method="HEAD")
    kontor.forward(minutes=5)
    click(kontor)
    assert told(kontor).clicked == 1


def test_who_opens_every_link_again_and_again_fills_no_table(kontor: Kontor) -> None:
    reminded(kontor)
    (row,) = kontor.rows(effects, effects.c.state == "done")
    (address,) = kontor.rows(addresses, addresses.c.channel == "email")
    asked = Unsubscribe(kontor.merchant_id, address.id, row.id)
    for _ in range(2 * counting.MOST_KEPT):
        click(kontor)
        counting.looked_at(kontor.machine, asked)
    assert len(kontor.rows(clicks)) <= 2 * counting.MOST_KEPT


def test_who_opens_every_link_within_seconds_is_no_person(kontor: Kontor) -> None:
    reminded(kontor)
    (row,) = kontor.rows(effects, effects.c.state == "done")
    click(kontor)
    counting.looked_at(kontor.machine, Unsubscribe(kontor.merchant_id, 1, row.id))
    assert [row.counted for row in kontor.rows(clicks)] == [False, False]


def test_each_person_counts_for_their_own_message(kontor: Kontor) -> None:
    kontor.leave_cart(ANNA)
    ben = kontor.leave_cart(BEN)
    kontor.forward(hours=2)
    first = kontor.rows(effects, effects.c.state == "done")[0]
    counting.record(kontor.machine, Clicked(kontor.merchant_id, first.id, "cart"), Visit("GET", PERSON))
    kontor.forward(hours=1)
    kontor.hear(kontor.store.pay(ben))
    assert told(kontor) == Numbers(2, 2, 1, NOTHING, Earned(1, {"EUR": NET}))


def test_shadow_trips_are_in_no_figure(kontor: Kontor) -> None:
    mode(kontor, "shadow")
    cart = kontor.leave_cart()
    kontor.forward(days=3)
    kontor.hear(kontor.store.pay(cart))
    assert told(kontor) == Numbers(0, 0, 0, NOTHING, NOTHING)
    assert kontor.now() - kontor.rows(orders)[0].placed_at < timedelta(minutes=1)
