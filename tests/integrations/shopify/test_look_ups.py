"""What a Shopify webhook only hinted at is read from the shop."""

from datetime import UTC, datetime

import pytest

from core.errors import NeedsMerchant
from core.events import (
    CartUpdated,
    ConsentChanged,
    LookUp,
    LookUpKind,
    OrderDelivered,
    OrderShipped,
    OrderUpdated,
    PersonChanged,
    ProductUpdated,
    Stock,
    StockChanged,
)
from core.money import Money
from integrations.roles import Access
from integrations.shopify.live import ShopifyLive
from tests.fakes.shopify import Shop
from tests.integrations.shopify.at_shopify import ANA, LONG_AGO, heard, looked_up


def test_a_level_somewhere_is_looked_up_as_the_sum_of_all_places(
    live: ShopifyLive, access: Access, beans: Shop
) -> None:
    mug = beans.add_product("Mug", stock=3).variants[0]
    beans.set_stock(mug, 4, beans.add_location("Shop"), silent=True)
    beans.set_stock(mug, 50, beans.add_location("Closed", active=False), silent=True)
    (event,) = looked_up(live, access, "inventory_item", mug.item) or []
    assert isinstance(event, StockChanged)
    assert (event.variant_ref, event.stock) == (str(mug.number), Stock("units", 7))


def test_an_order_is_looked_up_with_its_parcels(live: ShopifyLive, access: Access, beans: Shop) -> None:
    order = beans.place_order(email=ANA, accepts_marketing=True)
    beans.ship(order, silent=True)
    events = looked_up(live, access, "order", order.number) or []
    assert [type(event) for event in events] == [OrderUpdated, ConsentChanged, OrderShipped]
    beans.arrive(order, silent=True)
    events = looked_up(live, access, "order", order.number) or []
    assert isinstance(events[-1], OrderDelivered)


def test_a_refund_reaches_the_order_by_look_up_as_it_does_by_webhook(
    live: ShopifyLive, access: Access, beans: Shop
) -> None:
    order = beans.place_order(email=ANA)
    beans.refund(order, "5.00")
    (event, *_) = looked_up(live, access, "order", order.number) or []
    assert event.order == heard(beans, "orders/updated")
    assert event.order.refunded == Money(500, "EUR")


def test_a_product_and_its_variant_are_looked_up(live: ShopifyLive, access: Access, beans: Shop) -> None:
    product = beans.add_product("Shirt", stock=2, variants=("S", "M"))
    (told,) = looked_up(live, access, "product", product.number) or []
    assert isinstance(told, ProductUpdated)
    assert [(one.title, one.stock) for one in told.product.variants] == [
        ("S", Stock("units", 2)),
        ("M", Stock("units", 2)),
    ]
    assert told.product.image_url == product.image_url
    variant = product.variants[1]
    same, stock = looked_up(live, access, "variant", variant.number) or []
    assert same == told
    assert (stock.variant_ref, stock.stock) == (str(variant.number), Stock("units", 2))


def test_a_person_is_looked_up_with_what_she_allowed(live: ShopifyLive, access: Access, beans: Shop) -> None:
    beans.place_order(email=ANA, accepts_marketing=True, silent=True)
    customer = beans.memory.customer_of(ANA)
    assert customer
    person, consent = looked_up(live, access, "customer", customer.number) or []
    assert isinstance(person, PersonChanged)
    assert isinstance(consent, ConsentChanged)
    assert (person.contact.email, consent.contact.email) == (ANA, ANA)
    assert (consent.channel, consent.state) == ("email", "opted_in")


def test_the_whole_catalogue_is_looked_up(live: ShopifyLive, access: Access, beans: Shop) -> None:
    for at in range(18):
        beans.add_product(f"Thing {at}")
    events = looked_up(live, access, "catalogue", "all") or []
    assert len({event.product.ref for event in events}) == 18


def test_a_checkout_is_looked_up_by_the_name_in_its_link(
    live: ShopifyLive, access: Access, beans: Shop
) -> None:
    beans.add_customer(ANA, silent=True)
    checkout = beans.leave_checkout(email=ANA, silent=True)
    beans.leave_checkout(email="another@example.test", silent=True)
    (told,) = looked_up(live, access, "cart", checkout.token) or []
    assert isinstance(told, CartUpdated)
    assert (told.cart.ref, told.cart.contact.email) == (checkout.token, ANA)


@pytest.mark.parametrize("kind", ["cart", "order", "product", "variant", "inventory_item", "customer"])
@pytest.mark.parametrize("ref", ["99999", "no-number", "1/2", "\u0661"])
def test_what_is_gone_is_absent(live: ShopifyLive, access: Access, kind: LookUpKind, ref: str) -> None:
    assert looked_up(live, access, kind, ref) is None


def test_an_uninstall_is_proved_by_a_call_that_fails(live: ShopifyLive, access: Access, beans: Shop) -> None:
    assert looked_up(live, access, "installation", "app") == []
    beans.uninstall(silent=True)
    with pytest.raises(NeedsMerchant):
        looked_up(live, access, "installation", "app")


def test_an_order_that_cannot_be_read_keeps_no_other_from_us(
    live: ShopifyLive, access: Access, beans: Shop
) -> None:
    broken = beans.place_order(email=ANA, silent=True, processed_at=datetime(1900, 1, 1, tzinfo=UTC))
    good = beans.place_order(email=ANA, silent=True)
    wanted = [LookUp("order", str(order.number)) for order in (broken, good)]
    found = live.look_up(access, wanted)
    assert [len(found[one]) for one in wanted] == [0, 1]
    events = live.read_back(access, "orders", None, LONG_AGO).events
    assert [event.order.ref for event in events if isinstance(event, OrderUpdated)] == [str(good.number)]
