"""Our own Shopify answers questions as the documented one does, and counts what they cost."""

from datetime import timedelta

import pytest

from integrations.shopify.documents import DOCUMENTS
from integrations.shopify.fragments import Document
from tests.fakes.shopify import FakeShopify, Shop
from tests.fakes.shopify.client import Client
from tests.integrations.shopify.fake.asking import BY_CODE, ORDERS, names

# Asking.


def test_a_field_the_schema_does_not_have_is_refused(app: Client) -> None:
    told = app.ask("{ shop { favouriteColour } }").json()
    assert "data" not in told
    assert "favouriteColour" in told["errors"][0]["message"]


def test_an_abandoned_checkout_has_no_token_and_no_address(app: Client) -> None:
    for field in ("token", "email", "cartToken"):
        told = app.ask(f"{{ abandonedCheckouts(first: 1) {{ nodes {{ {field} }} }} }}").json()
        assert f"'{field}'" in told["errors"][0]["message"]


def test_a_dead_version_is_served_by_the_oldest_live_one_and_says_so(
    shopify: FakeShopify, app: Client
) -> None:
    assert app.ask("{ shop { name } }").headers["x-shopify-api-version"] == "2026-10"
    assert app.ask("{ shop { name } }", version="2024-01").headers["x-shopify-api-version"] == "2026-01"
    shopify.raise_oldest_version("2027-01")
    assert app.ask("{ shop { name } }").headers["x-shopify-api-version"] == "2027-01"
    assert app.ask("{ shop { name } }", version="2030-01").status == 404


def test_an_order_is_found_by_what_it_was_bought_with(shop: Shop, app: Client) -> None:
    checkout = shop.leave_checkout("eve@example.test")
    order = shop.place_order(checkout)
    shop.place_order(email="adam@example.test")
    assert order.customer is not None
    for query in (
        f"checkout_token:{checkout.token}",
        f"cart_token:'{checkout.cart_token}'",
        'email:"Eve@Example.test"',
        f"customer_id:{order.customer.number}",
        f"email:nobody@example.test OR checkout_token:{checkout.token}",
        "email:eve@example.test AND NOT status:cancelled",
        "(email:eve@example.test OR email:x@example.test) -test:true",
    ):
        assert names(app, query) == [order.name], query


def test_the_search_hears_of_an_order_later_than_the_order_itself_is_there(
    shopify: FakeShopify, shop: Shop, app: Client
) -> None:
    shop.search_lags(seconds=30)
    checkout = shop.leave_checkout()
    order = shop.place_order(checkout)
    assert names(app, f"checkout_token:{checkout.token}") == []
    found = app.data(f'{{ order(id: "gid://shopify/Order/{order.number}") {{ checkoutToken }} }}')
    assert found == {"order": {"checkoutToken": checkout.token}}
    shopify.forward(seconds=31)
    assert names(app, f"checkout_token:{checkout.token}") == [order.name]


def test_a_misspelt_filter_finds_everything_and_only_warns(shop: Shop, app: Client) -> None:
    shop.place_order(email="eve@example.test")
    told = app.ask(ORDERS, q="checkout_tokken:abc").json()
    assert len(told["data"]["orders"]["nodes"]) == 1
    assert told["extensions"]["search"][0]["warnings"][0]["field"] == "checkout_tokken"


def test_a_time_that_is_not_quoted_is_no_filter(shop: Shop, app: Client) -> None:
    shop.place_order(email="eve@example.test")
    assert names(app, "updated_at:>'2099-01-01T00:00:00Z'") == []
    assert len(names(app, "updated_at:>2099-01-01T00:00:00Z")) == 1


def test_a_customers_last_change_is_searched_for_by_whole_days(
    shopify: FakeShopify, shop: Shop, app: Client
) -> None:
    shop.add_customer("eve@example.test")
    ask = "query($q: String) { customers(first: 9, query: $q) { nodes { id } } }"
    today, later = shopify.now().date(), shopify.now() + timedelta(seconds=1)
    for since, found in ((f">='{later:%Y-%m-%dT%H:%M:%SZ}'", later.date() == today), (f">'{today}'", False)):
        told = app.data(ask, q=f"updated_at:{since}")["customers"]["nodes"]
        assert bool(told) == found, since


def test_a_bare_address_also_finds_its_neighbours(shop: Shop, app: Client) -> None:
    shop.add_customer("bo.wang@example.test")
    shop.add_customer("wang.bo@example.test")
    ask = "query($q: String) { customers(first: 9, query: $q) { nodes { id } } }"
    assert len(app.data(ask, q="email:bo.wang@example.test")["customers"]["nodes"]) == 2
    assert len(app.data(ask, q='email:"bo.wang@example.test"')["customers"]["nodes"]) == 1


def test_pages_follow_the_time_of_change_and_never_lose_what_was_not_touched(
    shopify: FakeShopify, shop: Shop, app: Client
) -> None:
    for _ in range(5):
        shop.place_order(email="eve@example.test")
        shopify.forward(seconds=1)
    ask = """query($after: String) { orders(first: 2, after: $after, sortKey: UPDATED_AT,
      query: "updated_at:>='2020-01-01T00:00:00Z'") { nodes { name } pageInfo { hasNextPage endCursor } } }"""
    first = app.data(ask)["orders"]
    shop.change_order(next(iter(shop.memory.orders.values())), tags=("late",))
    second = app.data(ask, after=first["pageInfo"]["endCursor"])["orders"]
    third = app.data(ask, after=second["pageInfo"]["endCursor"])["orders"]
    seen = [one["name"] for page in (first, second, third) for one in page["nodes"]]
    assert seen == ["#1001", "#1002", "#1003", "#1004", "#1005", "#1001"]
    assert (first["pageInfo"]["hasNextPage"], third["pageInfo"]["hasNextPage"]) == (True, False)


def test_a_list_without_a_size_or_too_long_a_one_is_refused(app: Client) -> None:
    for size in ("", "(first: 251)", "(first: 1, last: 1)"):
        assert "errors" in app.ask(f"{{ orders{size} {{ nodes {{ id }} }} }}").json()


def test_orders_older_than_sixty_days_are_not_there_unless_all_were_allowed(
    shopify: FakeShopify, shop: Shop, app: Client
) -> None:
    old = shop.place_order(email="eve@example.test", created_at=shopify.now() - timedelta(days=61))
    by_id = f'{{ order(id: "gid://shopify/Order/{old.number}") {{ name }} }}'
    assert (names(app, ""), app.data(by_id)) == ([], {"order": None})
    shop.change_scopes("read_orders", "read_all_orders")
    assert (names(app, ""), app.data(by_id)) == ([old.name], {"order": {"name": old.name}})


def test_without_the_scope_there_is_an_error_and_no_data(shop: Shop, app: Client) -> None:
    shop.change_scopes("read_products")
    told = app.ask("{ shop { name } orders(first: 1) { nodes { id } } }").json()
    assert told["errors"][0]["extensions"]["code"] == "ACCESS_DENIED"
    assert told["data"] is None


def test_to_write_implies_to_read(shop: Shop, app: Client) -> None:
    shop.change_scopes("write_discounts")
    assert app.data(BY_CODE, code="NONE") == {"codeDiscountNodeByCode": None}


def test_stock_is_told_by_place_and_summed_by_nobody(shop: Shop, app: Client) -> None:
    variant = shop.add_product(stock=3).variants[0]
    shop.set_stock(variant, 4, shop.add_location("Cellar"))
    ask = """query($id: ID!) { inventoryItem(id: $id) { tracked variants(first: 1) { nodes { id } }
      inventoryLevels(first: 5) { nodes { location { isActive }
        quantities(names: ["available"]) { name quantity } } } } }"""
    item = app.data(ask, id=f"gid://shopify/InventoryItem/{variant.item}")["inventoryItem"]
    levels = [one["quantities"][0]["quantity"] for one in item["inventoryLevels"]["nodes"]]
    assert sorted(levels) == [3, 4]
    assert item["variants"]["nodes"] == [{"id": f"gid://shopify/ProductVariant/{variant.number}"}]


def test_numbers_are_beyond_what_a_double_holds(shop: Shop) -> None:
    number = shop.place_order(email="eve@example.test").number
    assert number > 2**53


def test_another_kinds_id_or_a_bare_number_is_none(app: Client) -> None:
    for wrong in ("gid://shopify/Product/1", "1"):
        told = app.ask("query($id: ID!) { order(id: $id) { name } }", id=wrong).json()
        assert "Invalid global id" in told["errors"][0]["message"]


def test_one_batch_asks_for_many_and_the_gone_are_null(shop: Shop, app: Client) -> None:
    mug = shop.add_product("Mug")
    gone = shop.add_product("Bowl")
    shop.delete_product(gone)
    ids = [f"gid://shopify/ProductVariant/{one.variants[0].number}" for one in (mug, gone)]
    ask = "query($ids: [ID!]!) { nodes(ids: $ids) { ... on ProductVariant { price product { title } } } }"
    assert app.data(ask, ids=ids) == {"nodes": [{"price": "20.00", "product": {"title": "Mug"}}, None]}


def test_a_field_nobody_knows_is_null_or_an_error_never_a_guess(shop: Shop, app: Client) -> None:
    shop.place_order(email="eve@example.test")
    assert app.data("{ orders(first: 1) { nodes { poNumber } } }") == {
        "orders": {"nodes": [{"poNumber": None}]}
    }
    told = app.ask("{ orders(first: 1) { nodes { capturable } } }").json()
    assert "non-nullable field Order.capturable" in told["errors"][0]["message"]


def test_the_app_reads_which_scopes_it_has(app: Client) -> None:
    told = app.data("{ currentAppInstallation { accessScopes { handle } } }")
    assert {"handle": "write_discounts"} in told["currentAppInstallation"]["accessScopes"]


def test_subscriptions_of_the_apps_own_file_are_not_listed(app: Client) -> None:
    assert app.data("{ webhookSubscriptions(first: 5) { nodes { topic } } }") == {
        "webhookSubscriptions": {"nodes": []}
    }


# Cost.


def test_a_query_says_beforehand_what_it_may_cost_and_pays_what_it_did(shop: Shop, app: Client) -> None:
    shop.place_order(email="eve@example.test")
    cost = app.ask("{ orders(first: 50) { nodes { id customer { id } } } }").json()["extensions"]["cost"]
    assert (cost["requestedQueryCost"], cost["actualQueryCost"]) == (2 + 50 * 2, 2 + 1 * 2)
    assert cost["throttleStatus"]["maximumAvailable"] == 2000


def test_edges_and_nodes_show_the_same_objects_once(app: Client) -> None:
    both = app.ask("{ orders(first: 9) { nodes { id } edges { cursor node { id } } } }").json()
    assert both["extensions"]["cost"]["requestedQueryCost"] == 11


def test_too_dear_a_query_is_refused_before_it_runs(app: Client) -> None:
    asked = "{ orders(first: 50) { nodes { lineItems(first: 50) { nodes { id } } } } }"
    told = app.ask(asked).json()
    assert told["errors"][0]["extensions"]["code"] == "MAX_COST_EXCEEDED"
    assert "data" not in told


def test_an_empty_bucket_throttles_at_status_200_and_fills_again(
    shopify: FakeShopify, shop: Shop, app: Client
) -> None:
    shop.bucket.left = 5
    shop.bucket.at = shopify.now() + timedelta(hours=1)
    dear = "{ orders(first: 200) { nodes { id customer { id } } } }"
    answered = app.ask(dear)
    told = answered.json()
    assert (answered.status, told["errors"][0]["extensions"]["code"]) == (200, "THROTTLED")
    assert told["extensions"]["cost"]["actualQueryCost"] is None
    shop.bucket.at = shopify.now()
    shopify.forward(seconds=5)
    assert "data" in app.ask(dear).json()


# Protected customer data.


def test_an_unapproved_app_gets_nulls_beside_errors(shopify: FakeShopify, shop: Shop, app: Client) -> None:
    shop.withhold("email", "name")
    shop.place_order(email="eve@example.test")
    told = app.ask("{ orders(first: 1) { nodes { name email customer { firstName } } } }").json()
    assert told["data"]["orders"]["nodes"] == [
        {"name": "#1001", "email": None, "customer": {"firstName": None}}
    ]
    assert {one["extensions"]["code"] for one in told["errors"]} == {"ACCESS_DENIED"}
    body = next(one.payload() for one in shopify.hooks.sent if one.topic == "orders/create")
    assert (body["email"], body["contact_email"], body["customer"]["email"]) == (None, None, None)


def test_without_any_approval_there_is_no_customer_at_all(
    shopify: FakeShopify, shop: Shop, app: Client
) -> None:
    shop.withhold("customer", "email", "name", "phone", "address")
    shop.place_order(email="eve@example.test")
    told = app.ask("{ orders(first: 1) { nodes { name customer { id } } } }").json()
    assert told["data"]["orders"]["nodes"] == [{"name": "#1001", "customer": None}]
    body = next(one.payload() for one in shopify.hooks.sent if one.topic == "orders/create")
    assert body["customer"] is None


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda one: one.name)
def test_all_we_ever_ask_is_answered_here(shop: Shop, app: Client, document: Document) -> None:
    checkout = shop.leave_checkout("eve@example.test", country="DE")
    order = shop.place_order(shop.leave_checkout("adam@example.test", first_name="Adam"))
    shop.ship(order)
    shop.refund(order, "1.00")
    subjects = {"Order": order, "AbandonedCheckout": checkout, "Product": order.lines[0].product}
    ids = [f"gid://shopify/{kind}/{one.number}" for kind, one in subjects.items()]
    asked = {"search": "email:'adam@example.test'", "ids": ids, "variants": [], "id": ids[0]}
    assert app.data(document.text, **asked)
