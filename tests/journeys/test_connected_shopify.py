"""With no account: a Shopify shop connected by the real token exchange, and a checkout left there."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from core.reasons import Reason
from engine.changes import save_flow
from tests.journeys.test_done_when import CHECKOUT, said
from tests.support.fakes import Connection, connected

SHOPPER = "example@email.com"
pytestmark = pytest.mark.timeout(300)


@pytest.fixture
def beans(tmp_path: Path) -> Iterator[Connection]:
    with connected(tmp_path, "shopify", "--live") as connection:
        yield connection


def leaves_a_checkout(beans: Connection) -> None:
    beans.keeper.gets(CHECKOUT, "--sign", "--set", "buyer_accepts_marketing=true")
    beans.keeper.sees("Reminders planned")


def test_one_mail_an_hour_after_and_none_once_she_has_bought(beans: Connection) -> None:
    leaves_a_checkout(beans)
    beans.forward("59m")
    assert beans.mails == 0
    beans.forward("2m")
    assert [mail.to for mail in beans.mail.accepted] == [(SHOPPER,)]
    beans.forward("5h")
    assert beans.mails == 1
    bought = beans.in_the_shop("place_order", email=SHOPPER, silent=True)
    assert bought["name"] in beans.state()["shops"]["beans.myshopify.com"]["orders"]
    beans.forward("2d")
    assert beans.mails == 1
    assert said(Reason.BOUGHT) in beans.keeper.sees(said(Reason.BOUGHT))


def test_an_order_that_only_the_shop_knows_stops_the_first_mail(beans: Connection) -> None:
    leaves_a_checkout(beans)
    beans.in_the_shop("place_order", email=SHOPPER, silent=True)
    beans.forward("1h")
    assert beans.mails == 0
    beans.keeper.sees(said(Reason.BOUGHT))


def test_a_code_is_made_when_it_is_due_and_once(beans: Connection) -> None:
    machine = beans.machine
    steps = [
        {"after_hours": 1},
        {"after_hours": 24, "content": "answers"},
        {"after_hours": 72, "content": "incentive", "on": True, "incentive": "percent", "value": 10},
    ]
    merchant_id = beans.merchant_id(machine)
    save_flow(machine, merchant_id, machine.flows["cart_recovery"], {"steps": steps}, "Mara")
    machine.db.dispose()
    leaves_a_checkout(beans)
    for span in ("1h", "23h", "47h"):
        beans.forward(span)
        assert codes(beans) == []
    assert beans.mails == 2
    beans.forward("2h")
    (code,) = codes(beans)
    assert beans.mails == 3
    assert code in beans.mail.accepted[-1].mail.as_string()
    beans.forward("1d")
    assert (codes(beans), beans.mails) == ([code], 3)


def codes(beans: Connection) -> list[str]:
    made: list[str] = beans.state()["shops"]["beans.myshopify.com"]["codes"]
    return made
