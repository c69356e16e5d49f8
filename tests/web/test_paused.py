"""A paused flow says so wherever the merchant looks, with the numbers, and is started again knowing them."""

import pytest

from core import clock
from core.db import transaction
from core.models import Merchant
from engine import changes, pauses
from engine.machine import Machine
from tests.web.browsing import Visitor
from tests.web.test_overview import FLOW, links, told


@pytest.fixture
def paused(machine: Machine, merchant: Merchant) -> str:
    """The path of her pages."""
    with transaction(machine.db) as session:
        changes.switch_mode(session, merchant.id, FLOW, "off", pauses.BY)
        numbers = {"why": "permanent", "came": 7, "sent": 102}
        pauses.begin(session, merchant.id, FLOW.key, clock.now(merchant), **numbers)
    return f"/m/{merchant.key}"


def test_the_overview_says_so_and_leads_to_the_flow(visitor: Visitor, paused: str) -> None:
    page = told(visitor, f"{paused}?lang=en")
    assert "Kontor has paused “Cart recovery”" in page
    assert "7 of 102 messages came back for good: 6.9%, where 5.0% is the most" in page
    assert links(visitor)["Look, then decide"] == f"{paused}/flows/cart_recovery"


def test_the_flows_page_says_so_in_german(visitor: Visitor, paused: str) -> None:
    page = told(visitor, f"{paused}/flows/cart_recovery?lang=de")
    assert "Kontor hat ihn angehalten" in page
    assert "7 von 102 Nachrichten kamen endgültig zurück: 6,9 %" in page


def test_she_starts_it_again_knowing_the_numbers(visitor: Visitor, paused: str) -> None:
    page = told(visitor, f"{paused}/flows/cart_recovery/mode/live?lang=en")
    assert "Kontor had paused this flow. 7 of 102 messages came back" in page
    visitor.press("Switch it live")
    assert "Kontor has paused" not in told(visitor, f"{paused}?lang=en")
    assert "paused" not in told(visitor, f"{paused}/flows/cart_recovery/mode/off?lang=en")
