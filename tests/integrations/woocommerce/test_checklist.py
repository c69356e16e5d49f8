"""The twelve things an integration with WooCommerce must get right, each as it goes wrong without."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from core import clock
from core.errors import NeedsMerchant
from core.events import (
    AccessLost,
    CartUpdated,
    Event,
    LookUp,
    OrderEvent,
    OrderPlaced,
    OrderUpdated,
    ProductUpdated,
    Stock,
    StockChanged,
)
from core.http import HttpClient
from engine.records import digest
from integrations.roles import Access, DiscountOrder, Request
from integrations.self_hosted import Problem
from integrations.woocommerce import keys, probe
from integrations.woocommerce.live import WooCommerceLive
from integrations.woocommerce.shop import WOOCOMMERCE
from integrations.woocommerce.topics import READERS
from tests.fakes.woocommerce import Store as Fake
from tests.fakes.woocommerce import woocommerce_store
from tests.fakes.woocommerce.receiver import Receiver, receiver
from tests.fakes.woocommerce.visitors import Browser
from tests.support.certificates import make_authority

ANA = "ana@example.test"
SECRET = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture
def ear() -> Iterator[Receiver]:
    with receiver() as one:
        yield one


@pytest.fixture
def url(ear: Receiver, live: WooCommerceLive, granted: Access) -> str:
    """Our own address for this store, with all webhooks made."""
    address = f"{ear.url}/webhooks/woocommerce/aZ09_x"
    live.mend_hooks(granted, address, SECRET)
    return address


def knocks(ear: Receiver) -> list[Request]:
    """What came, as our door sees it."""
    return [Request(one.headers, one.body, one.path.rsplit("/", 1)[1]) for one in ear.came]


def heard(ear: Receiver, access: Access) -> list[Event | LookUp]:
    """What the deliveries say, each verified first."""
    said: list[Event | LookUp] = []
    for request in knocks(ear):
        if not WOOCOMMERCE.is_ping(request):
            WOOCOMMERCE.verify(request, [SECRET])
            said += WOOCOMMERCE.read(WOOCOMMERCE.envelope(request).topic, request.body, access.identity)
    return said


def read_back(live: WooCommerceLive, access: Access, reading: str) -> list[Event | LookUp]:
    return list(live.read_back(access, reading, None, clock.now() - timedelta(days=1)).events)


def orders(events: list[Event | LookUp]) -> set[str]:
    return {event.order.ref for event in events if isinstance(event, OrderEvent)}


def test_1_a_store_knocks_at_its_own_address_with_its_own_secret(
    fake: Fake, ear: Receiver, url: str, granted: Access
) -> None:
    order = fake.order(ANA, [("MUG-1", 1)])
    fake.run_queue()
    assert {WOOCOMMERCE.identify(request) for request in knocks(ear)} == {"aZ09_x"}
    assert orders(heard(ear, granted)) == {str(order)}


def test_2_the_greeting_comes_unsigned_while_the_webhook_is_being_made(ear: Receiver, url: str) -> None:
    assert len(ear.came) == len(READERS)
    assert all(WOOCOMMERCE.is_ping(request) for request in knocks(ear))


def test_3_what_is_signed_are_the_very_bytes(fake: Fake, ear: Receiver, url: str, granted: Access) -> None:
    fake.add_product('Café ☕ / 5"', "CAFE", "3")
    fake.run_queue()
    assert any(b"\\/" in request.body and b"\\u00e9" in request.body for request in knocks(ear))
    assert any(isinstance(event, ProductUpdated) for event in heard(ear, granted))


def test_4_what_a_redirect_swallowed_is_found_by_reading_back(
    fake: Fake, ear: Receiver, url: str, live: WooCommerceLive, granted: Access
) -> None:
    order = fake.order(ANA, [("MUG-1", 1)])
    ear.statuses, ear.location = [302] * 50, f"{ear.url}/elsewhere"
    fake.run_queue()
    assert {one.status for one in fake.memory.webhooks.values()} == {"active"}
    assert str(order) in orders(read_back(live, granted, "orders"))


def test_5_a_deletion_is_a_hint_and_the_store_is_asked(
    fake: Fake, ear: Receiver, url: str, live: WooCommerceLive, granted: Access
) -> None:
    order = fake.order(ANA, [("MUG-1", 1)])
    fake.run_queue()
    ear.front.asked.clear()
    fake.trash_order(order)
    fake.run_queue()
    (hint,) = heard(ear, granted)
    assert hint == LookUp("order", str(order))
    assert live.look_up(granted, [hint]) == {}


def test_6_a_page_in_the_trash_is_no_product_and_a_lost_right_is_no_product_either(
    fake: Fake, ear: Receiver, url: str, live: WooCommerceLive, granted: Access
) -> None:
    page = fake.trash_page()
    fake.run_queue()
    assert heard(ear, granted) == [LookUp("product", str(page))]
    assert live.look_up(granted, [LookUp("product", str(page))]) == {}
    ear.front.asked.clear()
    fake.set_stock("MUG-1", 3)
    fake.demote_owner()
    fake.run_queue()
    assert heard(ear, granted) == [AccessLost("owner_demoted")]


def test_7_twins_in_any_order_are_the_same_news_and_drafts_are_no_sales(
    fake: Fake, ear: Receiver, url: str, live: WooCommerceLive, granted: Access
) -> None:
    draft = fake.leave_draft(ANA, [("MUG-1", 1)])
    fake.run_queue()
    assert [event for event in heard(ear, granted) if not isinstance(event, CartUpdated)] == []
    assert live.count_orders(granted, clock.now() - timedelta(hours=1)) == 0
    ear.front.asked.clear()
    fake.place(draft)
    fake.run_queue()
    twins = [event for event in heard(ear, granted) if isinstance(event, OrderPlaced | OrderUpdated)]
    assert {type(event) for event in twins} == {OrderPlaced, OrderUpdated}
    assert len({digest(event.order) for event in twins}) == 1
    assert live.count_orders(granted, clock.now() - timedelta(hours=1)) == 1


def test_7_what_is_read_back_is_the_same_news_as_what_was_heard(
    fake: Fake, ear: Receiver, url: str, live: WooCommerceLive, granted: Access
) -> None:
    fake.order(ANA, [("MUG-1", 1), ("TS-S", 2)])
    fake.place(fake.leave_draft(ANA, [("MUG-1", 1)]), outcome="pending")
    fake.run_queue()
    told = {marks(event) for event in heard(ear, granted)} - {None}
    again = {marks(event) for event in read_back(live, granted, "orders")} - {None}
    assert again
    assert again <= told


def marks(event: Event | LookUp) -> str | None:
    if isinstance(event, OrderEvent):
        return digest(event.order)
    return digest(event.cart) if isinstance(event, CartUpdated) else None


def test_7_a_product_read_with_its_variations_is_newer_than_the_body_without(
    fake: Fake, ear: Receiver, url: str, live: WooCommerceLive, granted: Access
) -> None:
    shirt = fake.find("TS")
    fake.product_saved(shirt)
    fake.run_queue()
    (bare,) = [event.product for event in heard(ear, granted) if isinstance(event, ProductUpdated)]
    whole = live.look_up(granted, [LookUp("product", str(shirt.id))])[LookUp("product", str(shirt.id))][0]
    assert isinstance(whole, ProductUpdated)
    assert (bare.complete, whole.product.complete) == (False, True)
    assert bare.updated_at < whole.product.updated_at < bare.updated_at + timedelta(seconds=1)


def test_8_lost_news_stock_written_past_the_store_and_dead_webhooks_are_all_found(
    fake: Fake, ear: Receiver, url: str, live: WooCommerceLive, granted: Access
) -> None:
    ear.statuses = [500] * 100
    placed = {str(fake.order(f"b{number}@example.test", [("MUG-1", 1)])) for number in range(8)}
    fake.run_queue()
    fake.edit_stock_in_the_database("MUG-1", 1)
    states = {hook.topic: hook.state for hook in live.hooks(granted, url)}
    assert states["order.updated"] == "disabled"
    assert placed <= orders(read_back(live, granted, "orders"))
    mug = str(fake.find("MUG-1").id)
    levels = [event for event in read_back(live, granted, "stock") if isinstance(event, StockChanged)]
    assert [event.stock for event in levels if event.variant_ref == mug] == [Stock("units", 1)]
    ear.statuses = []
    assert {hook.state for hook in live.mend_hooks(granted, url, SECRET)} == {"active"}
    ear.front.asked.clear()
    fake.complete(int(min(placed)))
    fake.run_queue()
    assert orders(heard(ear, granted)) == {min(placed)}


def test_9_our_own_writes_come_back_as_nothing(
    fake: Fake, ear: Receiver, url: str, live: WooCommerceLive, granted: Access
) -> None:
    ear.front.asked.clear()
    ends = clock.now() + timedelta(days=2)
    live.create_discount(granted, DiscountOrder("CODE234567", "percent", 10, "EUR", ends, email=ANA))
    live.remove_discount(granted, "CODE234567")
    live.mend_hooks(granted, url, SECRET)
    fake.run_queue()
    assert knocks(ear) == []


def test_9_a_save_that_changed_nothing_is_no_news(
    fake: Fake, ear: Receiver, url: str, granted: Access
) -> None:
    fake.clock.stop()
    for _ in range(2):
        fake.set_stock("MUG-1", 4)
        fake.run_queue()
    told = [digest(event.product) for event in heard(ear, granted) if isinstance(event, ProductUpdated)]
    assert len(told) == 2
    assert len(set(told)) == 1


@pytest.mark.parametrize(("strips", "auth"), [(False, "basic"), (True, "query")])
def test_10_keys_work_by_header_else_by_address(
    fake: Fake, live: WooCommerceLive, granted: Access, strips: bool, auth: str
) -> None:
    fake.set_site(strips_authorization=strips)
    assert keys.proven(live._client, granted.identity.domain, granted.token or "") == {"auth": auth}


def test_10_a_store_without_https_is_refused_with_what_to_change() -> None:
    with woocommerce_store(plain_http=True) as store:
        client = HttpClient(allow_private=True)
        met = probe.probe(client, store.url)
        client.close()
    assert isinstance(met, Problem)
    assert met.word == "https_missing"


@pytest.mark.parametrize(
    ("site", "outcome"), [({"path": "/shop"}, "found"), ({"plain_permalinks": True}, "plain_permalinks")]
)
def test_10_a_store_is_found_where_it_is(site: dict[str, Any], outcome: str) -> None:
    with woocommerce_store(**site) as store:
        client = HttpClient(allow_private=True, extra_ca_file=store.ca_file)
        met = probe.probe(client, f"{store.url}/wp-admin/")
        client.close()
    if isinstance(met, Problem):
        assert met.word == outcome
    else:
        assert (met.home, met.name, met.timezone) == (store.url, "Mugs & More", "Europe/Madrid")


def test_11_the_owner_approves_and_the_keys_are_proven_at_her_store(
    live: WooCommerceLive, granted: Access
) -> None:
    ours = make_authority("localhost")
    state = "tenant-42~nonce.abcdefgh"
    with ExitStack() as stack:
        ear = stack.enter_context(receiver(authority=ours))
        store = stack.enter_context(woocommerce_store(authorities=[ours.certificate]))
        client = HttpClient(allow_private=True, extra_ca_file=store.ca_file)
        stack.callback(client.close)
        domain = store.url.removeprefix("https://")
        asked = keys.authorize_url(
            domain,
            app_name="Kontor",
            state=state,
            return_url="http://localhost:9/back?tab=2",
            callback_url=f"{ear.url}/connect/keys",
        )
        wanted = dict(parse_qsl(urlsplit(asked).query))
        browser = Browser(store)
        back = browser.click(browser.sign_in(**wanted), "approve").headers["location"]
        (handed,) = ear.came
        told = keys.read_callback(handed.body)
        assert (told.state, told.may_write) == (state, True)
        assert keys.proven(client, domain, told.token) == {"auth": "basic"}
        stolen = keys.proven(live._client, granted.identity.domain, told.token)
    assert dict(parse_qsl(urlsplit(back).query)) == {"tab": "2", "success": "1", "user_id": state}
    assert isinstance(stolen, Problem)
    assert stolen.word == "keys_refused"


def test_12_letting_go_leaves_no_webhook_and_a_revoked_key_is_noticed(
    fake: Fake, url: str, live: WooCommerceLive, granted: Access
) -> None:
    live.drop_hooks(granted, url)
    assert fake.webhooks() == []
    fake.revoke_keys()
    with pytest.raises(NeedsMerchant, match=r"^keys_refused$"):
        live.look_up(granted, [LookUp("installation", "app")])


def test_a_cart_is_linked_to_by_what_the_stores_version_can(
    fake: Fake, live: WooCommerceLive, granted: Access
) -> None:
    draft = LookUp("cart", str(fake.leave_draft(ANA, [("MUG-1", 2), ("TS-S", 1)])))
    unpaid = LookUp("cart", str(fake.place(fake.leave_draft(ANA, [("MUG-1", 1)]), outcome="pending")))
    mug, shirt = (fake.find(sku).id for sku in ("MUG-1", "TS-S"))
    found = live.look_up(granted, [draft, unpaid])

    def link(hint: LookUp, version: str) -> str | None:
        fake.set_site(woocommerce=version)
        (event,) = found[hint]
        assert isinstance(event, CartUpdated)
        meta = live.profile(replace(granted, meta={})).meta
        return WOOCOMMERCE.cart_link(event.cart, granted.identity, meta)

    assert link(draft, "10.0.2") == f"{fake.url}/checkout-link/?products={mug}:2,{shirt}:1"
    assert link(draft, "9.9.5") == f"{fake.url}/"
    assert f"{fake.url}/checkout/order-pay/{unpaid.ref}/" in (link(unpaid, "10.0.2") or "")
