"""With no account: a WooCommerce store connected by its own keys page, and what becomes of a left cart."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from core.reasons import Reason
from engine.changes import save_flow
from tests.journeys.test_done_when import DRAFT, PAID, said
from tests.support.fakes import Connection, connected

SHOPPER = "eve@example.test"
pytestmark = pytest.mark.timeout(300)


@pytest.fixture
def mugs(tmp_path: Path) -> Iterator[Connection]:
    with connected(tmp_path, "woocommerce", "--live", "--policy", "existing_customers") as connection:
        yield connection


def leaves_a_cart(mugs: Connection) -> None:
    """She has bought here before: that is why she may be written to."""
    for file in (PAID, DRAFT):
        mugs.keeper.gets(file, "--sign", "--set", f"billing.email={SHOPPER}")
    mugs.keeper.sees("Reminders planned")


def buys_and_nobody_tells(mugs: Connection) -> None:
    mugs.in_the_shop("lose", drop=1.0)
    mugs.in_the_shop("order", email=SHOPPER, lines=[["MUG-1", 1]])


def test_one_mail_an_hour_after_and_none_once_she_has_bought(mugs: Connection) -> None:
    leaves_a_cart(mugs)
    mugs.forward("59m")
    assert mugs.mails == 0
    mugs.forward("2m")
    assert [mail.to for mail in mugs.mail.accepted] == [(SHOPPER,)]
    mugs.forward("5h")
    assert mugs.mails == 1
    buys_and_nobody_tells(mugs)
    mugs.forward("2d")
    assert mugs.mails == 1
    mugs.keeper.sees(said(Reason.BOUGHT))


def test_an_order_that_only_the_shop_knows_stops_the_first_mail(mugs: Connection) -> None:
    leaves_a_cart(mugs)
    buys_and_nobody_tells(mugs)
    mugs.forward("1h")
    assert mugs.mails == 0
    mugs.keeper.sees(said(Reason.BOUGHT))


def test_a_code_is_made_when_it_is_due_and_once(mugs: Connection) -> None:
    machine = mugs.machine
    steps = [
        {"after_hours": 1},
        {"after_hours": 24, "content": "answers"},
        {"after_hours": 72, "content": "incentive", "on": True, "incentive": "percent", "value": 10},
    ]
    merchant_id = mugs.merchant_id(machine)
    save_flow(machine, merchant_id, machine.flows["cart_recovery"], {"steps": steps}, "Mara")
    machine.db.dispose()
    leaves_a_cart(mugs)
    for span in ("1h", "23h", "47h"):
        mugs.forward(span)
        assert codes(mugs) == []
    assert mugs.mails == 2
    mugs.forward("2h")
    (code,) = codes(mugs)
    assert mugs.mails == 3
    assert code.upper() in mugs.mail.accepted[-1].mail.as_string().upper()
    mugs.forward("1d")
    assert (codes(mugs), mugs.mails) == ([code], 3)


def codes(mugs: Connection) -> list[str]:
    made: list[str] = mugs.state()["coupons_ever"]
    return made
