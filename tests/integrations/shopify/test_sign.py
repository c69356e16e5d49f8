"""The replay tool makes deliveries that pass for Shopify's own."""

from datetime import UTC, datetime

from integrations.shopify.shop import SHOPIFY
from integrations.shopify.sign import rebase, sign
from tests.integrations.recorded import arriving, one

NOW = datetime(2026, 11, 22, 10, 30, 0, 123456, tzinfo=UTC)


def test_a_signed_body_passes_the_door() -> None:
    headers = sign(b"{}", "a-secret", "orders/create", shop="demo.myshopify.com", webhook_id="w-1")
    request = arriving(headers, b"{}")
    SHOPIFY.verify(request, ["a-secret"])
    assert SHOPIFY.identify(request) == "demo.myshopify.com"
    assert SHOPIFY.envelope(request).dedupe == "w-1"


def test_two_replays_are_two_deliveries() -> None:
    first, second = (arriving(sign(b"{}", "a-secret", "orders/create"), b"{}") for _ in range(2))
    assert SHOPIFY.envelope(first).dedupe != SHOPIFY.envelope(second).dedupe


def test_the_newest_update_becomes_now_and_all_else_keeps_its_distance() -> None:
    old = {
        "created_at": "2021-12-31T18:00:00-05:00",
        "updated_at": "2021-12-31T19:00:00-05:00",
        "completed_at": None,
        "note": "2021-12-31T19:00:00-05:00",
        "customer": {"created_at": "2021-01-01T00:00:00.000Z"},
        "variant_gids": [{"updated_at": "2021-12-31T23:00:00.500Z"}],
    }
    assert rebase(old, NOW) == {
        "created_at": "2026-11-22T04:30:00-05:00",
        "updated_at": "2026-11-22T05:30:00-05:00",
        "completed_at": None,
        "note": "2021-12-31T19:00:00-05:00",
        "customer": {"created_at": "2025-11-22T10:30:00.000Z"},
        "variant_gids": [{"updated_at": "2026-11-22T09:30:00.500Z"}],
    }


def test_the_recorded_checkout_is_brought_up_to_date() -> None:
    moved = rebase(one("shopify", "checkouts_create").json(), NOW)
    assert moved["updated_at"] == moved["created_at"] == "2026-11-22T05:30:00-05:00"


def test_a_body_without_dates_stays_as_it_is() -> None:
    assert rebase({"id": 1, "updated_at": None, "created_at": "soon"}, NOW) == {
        "id": 1,
        "updated_at": None,
        "created_at": "soon",
    }
