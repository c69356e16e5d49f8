"""A decision made at ours is written back to Shopify, and never over a newer one."""

from datetime import UTC, datetime

from integrations.live import ConsentWrite
from integrations.roles import Access
from integrations.shopify.live import ShopifyLive
from tests.fakes.shopify import FakeShopify, Shop
from tests.integrations.shopify.at_shopify import ANA, LONG_AGO


def consent_of(beans: Shop) -> tuple[str, datetime | None]:
    customer = beans.memory.customer_of(ANA)
    assert customer
    return customer.email_state, customer.email_changed_at


def test_a_decision_is_written_back(live: ShopifyLive, access: Access, beans: Shop) -> None:
    beans.place_order(email=ANA, accepts_marketing=True, silent=True)
    at = datetime.now(UTC).replace(microsecond=0)
    live.write_consent(access, ConsentWrite(ANA.upper(), None, "opted_out", at))
    assert consent_of(beans) == ("UNSUBSCRIBED", at)


def test_a_newer_decision_in_the_shop_stands(live: ShopifyLive, access: Access, beans: Shop) -> None:
    beans.place_order(email=ANA, accepts_marketing=True, silent=True)
    live.write_consent(access, ConsentWrite(ANA, None, "opted_out", LONG_AGO))
    assert consent_of(beans)[0] == "SUBSCRIBED"


def test_a_decision_the_shop_knows_already_is_not_written_again(
    live: ShopifyLive, access: Access, beans: Shop, shopify: FakeShopify
) -> None:
    beans.place_order(email=ANA, accepts_marketing=True, silent=True)
    live.write_consent(access, ConsentWrite(ANA, None, "opted_in", datetime.now(UTC)))
    assert shopify.asked() == {"customerByIdentifier": 1}


def test_a_person_the_shop_does_not_know_is_left_alone(
    live: ShopifyLive, access: Access, shopify: FakeShopify
) -> None:
    live.write_consent(access, ConsentWrite("nobody@example.test", "77", "opted_out", datetime.now(UTC)))
    assert shopify.asked() == {"customerByIdentifier": 1}
