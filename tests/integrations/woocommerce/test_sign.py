"""The replay tool makes deliveries that pass for a store's own."""

from datetime import UTC, datetime, timedelta, timezone

from core.events import CartUpdated
from integrations.woocommerce.shop import WOOCOMMERCE
from integrations.woocommerce.sign import rebase, sign
from tests.integrations.recorded import arriving, one
from tests.integrations.woocommerce.reading import read

NOW = datetime(2026, 12, 1, 10, 30, 0, 123456, tzinfo=UTC)


def test_a_signed_body_passes_the_door() -> None:
    request = arriving(sign(b"{}", "a-secret", "order.updated", webhook_id="7"), b"{}")
    WOOCOMMERCE.verify(request, ["a-secret"])
    assert WOOCOMMERCE.envelope(request).topic == "order.updated"


def test_a_signed_delivery_has_the_headers_of_a_real_one() -> None:
    real = {
        name for name in one("woocommerce", "customer.created").request.headers if name.startswith("x-wc-")
    }
    made = arriving(sign(b"{}", "a-secret", "customer.created"), b"{}").headers
    assert real <= made.keys()
    assert (made["x-wc-webhook-resource"], made["x-wc-webhook-event"]) == ("customer", "created")


def test_two_replays_of_one_body_are_two_deliveries_unless_they_share_their_id() -> None:
    def key(**ids: str) -> str:
        return WOOCOMMERCE.envelope(arriving(sign(b"{}", "s", "order.created", **ids), b"{}")).dedupe

    assert key() != key()
    assert key(delivery_id="d") == key(delivery_id="d")


def test_the_newest_change_becomes_now_and_local_times_keep_their_zone() -> None:
    old = one("woocommerce", "order.updated__processing").json()
    moved = rebase(old, NOW)
    assert moved["date_modified_gmt"] == "2026-12-01T10:30:00"
    assert moved["date_modified"] == "2026-12-01T11:30:00"
    assert moved["date_created_gmt"] == "2026-12-01T10:29:58"
    assert moved["date_completed_gmt"] is None
    assert moved["line_items"] == old["line_items"]


def test_now_may_be_told_in_any_zone() -> None:
    old = one("woocommerce", "customer.created").json()
    assert rebase(old, NOW.astimezone(timezone(timedelta(hours=9)))) == rebase(old, NOW)


def test_a_draft_brought_up_to_date_is_a_draft_of_today() -> None:
    fresh = rebase(one("woocommerce", "order.updated__checkout_draft_email").json(), NOW)
    (event,) = read("order.updated__checkout_draft_email", **fresh)
    assert isinstance(event, CartUpdated)
    assert event.cart.updated_at == NOW.replace(microsecond=0)


def test_a_body_without_dates_stays_as_it_is() -> None:
    assert rebase({"id": 28, "date_created_gmt": None}, NOW) == {"id": 28, "date_created_gmt": None}
