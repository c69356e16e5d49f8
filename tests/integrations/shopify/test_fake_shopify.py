"""Our own Shopify keeps to what the real one documents, so that passing here means something."""

import base64
import hashlib
import hmac
import http.client
import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from integrations.shopify.shop import SHOPIFY
from tests.fakes.shopify import FakeShopify, Shop
from tests.fakes.shopify.client import Client
from tests.integrations.recorded import arriving

DAY = "2026-01-01T00:00:00Z"
ORDERS = "query($q: String) { orders(first: 10, query: $q) { nodes { name } } }"
CREATE = """mutation Create($given: DiscountCodeBasicInput!) {
  discountCodeBasicCreate(basicCodeDiscount: $given) {
    codeDiscountNode { id } userErrors { field message code } } }"""
ADD = """mutation Add($id: ID!, $codes: [DiscountRedeemCodeInput!]!) {
  discountRedeemCodeBulkAdd(discountId: $id, codes: $codes) {
    bulkCreation { id done } userErrors { field message code } } }"""
BY_CODE = "query($code: String!) { codeDiscountNodeByCode(code: $code) { id } }"
CONSENT = """mutation($input: CustomerEmailMarketingConsentUpdateInput!) {
  customerEmailMarketingConsentUpdate(input: $input) {
    customer { defaultEmailAddress { marketingState } } userErrors { field code } } }"""


@pytest.fixture
def shopify() -> Iterator[FakeShopify]:
    with FakeShopify() as fake:
        fake.hooks.post = lambda headers, body: 200
        yield fake


@pytest.fixture
def shop(shopify: FakeShopify) -> Shop:
    return shopify.add_shop()


@pytest.fixture
def app(shopify: FakeShopify, shop: Shop) -> Client:
    return shopify.client(shop)


def discount(**changed: Any) -> dict[str, Any]:
    given = {
        "title": "Kontor 10 %",
        "code": "FIRST",
        "startsAt": DAY,
        "endsAt": "2099-12-01T00:00:00Z",
        "usageLimit": 1,
        "context": {"all": "ALL"},
        "customerGets": {"value": {"percentage": 0.1}, "items": {"all": True}},
    }
    return given | changed


def created(app: Client, **changed: Any) -> str:
    made = app.data(CREATE, given=discount(**changed))["discountCodeBasicCreate"]
    assert made["userErrors"] == []
    number: str = made["codeDiscountNode"]["id"]
    return number


def names(app: Client, query: str) -> list[str]:
    return [one["name"] for one in app.data(ORDERS, q=query)["orders"]["nodes"]]


# Tokens.


def test_an_id_token_becomes_a_pair_that_expires(shopify: FakeShopify, shop: Shop) -> None:
    app = shopify.client(shop, token="none yet")
    pair = app.exchange(shopify.id_token(shop))
    assert pair.status == 200
    told = pair.json()
    assert (told["expires_in"], told["refresh_token_expires_in"]) == (3600, 7776000)
    assert "read_orders" in told["scope"].split(",")
    app.token = told["access_token"]
    assert app.data("{ shop { myshopifyDomain } }") == {"shop": {"myshopifyDomain": shop.domain}}


def test_a_form_is_as_good_as_json(shopify: FakeShopify, shop: Shop) -> None:
    app = shopify.client(shop)
    form = (
        f"client_id={app.client_id}&client_secret={app.client_secret}&code={shopify.grant(shop)}&expiring=1"
    )
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    assert app.send("POST", "/admin/oauth/access_token", form.encode(), kind).json()["expires_in"] == 3600


@pytest.mark.parametrize(
    "claims",
    [
        {"exp": 1},
        {"nbf": 2**40},
        {"aud": "another app"},
        {"dest": "https://stranger.myshopify.com"},
    ],
)
def test_an_id_token_that_does_not_hold_is_refused(
    shopify: FakeShopify, shop: Shop, app: Client, claims: dict[str, Any]
) -> None:
    refused = app.exchange(shopify.id_token(shop, **claims))
    assert (refused.status, refused.json()) == (400, {"error": "invalid_subject_token"})


def test_an_id_token_of_another_secret_is_refused(shop: Shop, app: Client) -> None:
    forged = FakeShopify(client_secret="guessed").id_token(shop.domain, aud=app.client_id)
    assert app.exchange(forged).json() == {"error": "invalid_subject_token"}
    assert app.exchange("no token at all").json() == {"error": "invalid_subject_token"}


def test_the_wrong_secret_is_told_apart_from_the_wrong_token(
    shopify: FakeShopify, shop: Shop, app: Client
) -> None:
    refused = app.exchange(shopify.id_token(shop), client_secret="guessed")
    assert (refused.status, refused.json()) == (400, {"error": "invalid_client"})


def test_after_an_hour_the_access_token_is_dead_and_the_refresh_token_gives_another(
    shopify: FakeShopify, shop: Shop, app: Client
) -> None:
    pair = app.exchange(shopify.id_token(shop)).json()
    app.token = pair["access_token"]
    shopify.forward(minutes=61)
    assert app.ask("{ shop { name } }").status == 401
    app.token = app.refresh(pair["refresh_token"]).json()["access_token"]
    assert app.ask("{ shop { name } }").status == 200


def test_a_lost_refresh_may_be_tried_again_until_its_replacement_is_used(
    shopify: FakeShopify, shop: Shop, app: Client
) -> None:
    old = app.exchange(shopify.id_token(shop)).json()["refresh_token"]
    shopify.fail("lost_answer", on="token")
    with pytest.raises((OSError, http.client.HTTPException)):
        app.refresh(old)
    second = app.refresh(old).json()["refresh_token"]
    assert app.refresh(second).status == 200
    assert app.refresh(old).json() == {"error": "invalid_grant"}


def test_a_used_refresh_token_is_good_for_thirty_days_at_most(
    shopify: FakeShopify, shop: Shop, app: Client
) -> None:
    old = app.exchange(shopify.id_token(shop)).json()["refresh_token"]
    app.refresh(old)
    shopify.forward(days=29)
    assert app.refresh(old).status == 200
    shopify.forward(days=2)
    assert app.refresh(old).json() == {"error": "invalid_grant"}


def test_a_newer_exchange_kills_the_refresh_token_at_once_and_the_access_token_at_its_end(
    shopify: FakeShopify, shop: Shop, app: Client
) -> None:
    former = app.exchange(shopify.id_token(shop)).json()
    app.exchange(shopify.id_token(shop))
    assert app.refresh(former["refresh_token"]).json() == {"error": "invalid_grant"}
    app.token = former["access_token"]
    assert app.ask("{ shop { name } }").status == 200
    shopify.forward(minutes=61)
    assert app.ask("{ shop { name } }").status == 401


def test_a_shop_idle_for_ninety_days_can_only_be_opened_again(
    shopify: FakeShopify, shop: Shop, app: Client
) -> None:
    idle = app.exchange(shopify.id_token(shop)).json()["refresh_token"]
    shopify.forward(days=90, seconds=1)
    assert app.refresh(idle).json() == {"error": "invalid_grant"}
    assert app.exchange(shopify.id_token(shop)).status == 200


def test_a_token_that_never_expires_is_given_and_then_not_let_in(
    shopify: FakeShopify, shop: Shop, app: Client
) -> None:
    lasting = app.exchange(shopify.id_token(shop), expiring="0").json()
    assert set(lasting) == {"access_token", "scope"}
    app.token = lasting["access_token"]
    assert app.ask("{ shop { name } }").status == 403
    app.token = app.exchange(
        lasting["access_token"], subject_token_type="urn:shopify:params:oauth:token-type:offline-access-token"
    ).json()["access_token"]
    assert app.ask("{ shop { name } }").status == 200


def test_the_merchants_yes_leads_back_with_a_signed_code_that_works_once(
    shopify: FakeShopify, app: Client
) -> None:
    back = f"{shopify.app_url}/shopify/callback"
    sent = app.send(
        "GET",
        f"/admin/oauth/authorize?client_id={app.client_id}&scope=read_orders&redirect_uri={back}&state=s1",
    )
    assert sent.status == 302
    told = {key: one[0] for key, one in parse_qs(urlsplit(sent.headers["location"]).query).items()}
    assert (told["state"], told["shop"]) == ("s1", app.shop)
    message = "&".join(f"{key}={value}" for key, value in sorted(told.items()) if key != "hmac")
    digest = hmac.new(app.client_secret.encode(), message.encode(), hashlib.sha256)
    assert told["hmac"] == digest.hexdigest()
    assert app.token_endpoint(code=told["code"], expiring="1").json()["scope"] == "read_orders"
    assert app.token_endpoint(code=told["code"], expiring="1").json()["error"] == "invalid_request"


def test_nobody_is_led_back_to_an_address_that_is_not_the_apps(app: Client) -> None:
    path = f"/admin/oauth/authorize?client_id={app.client_id}&scope=&redirect_uri=https://evil.test/&state=s"
    assert app.send("GET", path).status == 400


def test_an_uninstalled_shop_lets_nobody_in_until_the_app_is_opened_again(
    shopify: FakeShopify, shop: Shop, app: Client
) -> None:
    refresh = app.exchange(shopify.id_token(shop)).json()["refresh_token"]
    shop.uninstall()
    refused = app.ask("{ shop { name } }")
    assert (refused.status, list(refused.json())) == (401, ["errors"])
    assert app.refresh(refresh).json() == {"error": "invalid_client"}
    shop.install()
    assert app.refresh(refresh).json() == {"error": "invalid_grant"}
    assert app.exchange(shopify.id_token(shop)).status == 200


def test_one_shops_token_opens_no_other(shopify: FakeShopify, app: Client) -> None:
    stranger = shopify.add_shop("stranger.myshopify.com")
    assert shopify.client(stranger, token=app.token).ask("{ shop { name } }").status == 401


def test_the_admin_opens_the_app_with_a_token_a_host_and_an_hmac(shopify: FakeShopify, shop: Shop) -> None:
    opened = urlsplit(shopify.open_url(shop, "/shopify", page="2"))
    told = {key: one[0] for key, one in parse_qs(opened.query).items()}
    assert {"shop", "host", "id_token", "hmac", "embedded", "timestamp", "page"} <= set(told)
    padded = told["host"] + "=" * (-len(told["host"]) % 4)
    assert base64.b64decode(padded) == b"admin.shopify.com/store/beans"


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


# Discounts.


def test_a_code_is_made_once_and_known_by_its_name_in_any_case(shop: Shop, app: Client) -> None:
    number = created(app)
    assert app.data(BY_CODE, code="first") == {"codeDiscountNodeByCode": {"id": number}}
    again = app.data(CREATE, given=discount(code="First"))["discountCodeBasicCreate"]
    assert again["codeDiscountNode"] is None
    assert again["userErrors"][0]["code"] == "TAKEN"
    assert shop.codes == ["FIRST"]


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"customerGets": {"value": {"percentage": 10}, "items": {"all": True}}}, "VALUE_OUTSIDE_RANGE"),
        ({"customerGets": {"value": {"percentage": 0.1}, "items": {}}}, "BLANK"),
        ({"endsAt": "2020-01-01T00:00:00Z"}, "END_DATE_BEFORE_START_DATE"),
        ({"title": ""}, "BLANK"),
        ({"context": None}, "BLANK"),
    ],
)
def test_a_discount_that_makes_no_sense_is_a_user_error(
    shop: Shop, app: Client, changed: dict[str, Any], code: str
) -> None:
    made = app.data(CREATE, given=discount(**changed))["discountCodeBasicCreate"]
    assert (made["codeDiscountNode"], made["userErrors"][0]["code"]) == (None, code)
    assert shop.codes == []


def test_a_moment_that_is_none_is_refused_with_the_variables(app: Client) -> None:
    told = app.ask(CREATE, given=discount(endsAt="tomorrow")).json()
    assert told["errors"][0]["extensions"]["code"] == "INVALID_VARIABLE"


def test_codes_in_bulk_are_there_only_after_a_while(shop: Shop, app: Client) -> None:
    number = created(app)
    added = app.data(ADD, id=number, codes=[{"code": "A1"}, {"code": "first"}])["discountRedeemCodeBulkAdd"]
    assert (added["userErrors"], added["bulkCreation"]["done"]) == ([], False)
    assert app.data(BY_CODE, code="A1") == {"codeDiscountNodeByCode": None}
    ask = """query($id: ID!) { discountRedeemCodeBulkCreation(id: $id) { done importedCount failedCount
      codes(first: 9) { nodes { code errors { code } } } } }"""
    looks = [
        app.data(ask, id=added["bulkCreation"]["id"])["discountRedeemCodeBulkCreation"] for _ in range(2)
    ]
    assert [one["done"] for one in looks] == [False, True]
    assert (looks[1]["importedCount"], looks[1]["failedCount"]) == (1, 1)
    assert looks[1]["codes"]["nodes"][1]["errors"] == [{"code": "TAKEN"}]
    assert app.data(BY_CODE, code="a1") == {"codeDiscountNodeByCode": {"id": number}}


def test_more_than_250_codes_at_once_are_refused(shop: Shop, app: Client) -> None:
    told = app.ask(ADD, id=created(app), codes=[{"code": f"C{n}"} for n in range(251)]).json()
    assert told["errors"][0]["extensions"]["code"] == "MAX_INPUT_SIZE_EXCEEDED"
    assert shop.codes == ["FIRST"]


def test_what_is_deleted_is_gone_but_stays_counted(shop: Shop, app: Client) -> None:
    number = created(app)
    delete = (
        "mutation($id: ID!) { discountCodeDelete(id: $id) { deletedCodeDiscountId userErrors { code } } }"
    )
    assert app.data(delete, id=number)["discountCodeDelete"]["deletedCodeDiscountId"] == number
    assert app.data(delete, id=number)["discountCodeDelete"]["userErrors"][0]["code"] == "INVALID"
    assert app.data(BY_CODE, code="FIRST") == {"codeDiscountNodeByCode": None}
    assert shop.codes == ["FIRST"]


def test_single_codes_are_removed_by_a_job(shop: Shop, app: Client) -> None:
    number = created(app)
    code = next(iter(shop.memory.discounts.values())).codes[0]
    remove = """mutation($id: ID!, $ids: [ID!]) {
      discountCodeRedeemCodeBulkDelete(discountId: $id, ids: $ids) { job { id done } userErrors { code } } }"""
    made = app.data(remove, id=number, ids=[f"gid://shopify/DiscountRedeemCode/{code.number}"])
    job = made["discountCodeRedeemCodeBulkDelete"]["job"]
    done = [app.data("query($id: ID!) { job(id: $id) { done } }", id=job["id"])["job"]["done"] for _ in "ab"]
    assert (job["done"], done) == (False, [False, True])
    assert app.data(BY_CODE, code="FIRST") == {"codeDiscountNodeByCode": None}


def test_free_shipping_is_a_discount_of_its_own_kind(app: Client) -> None:
    create = """mutation($given: DiscountCodeFreeShippingInput!) {
      discountCodeFreeShippingCreate(freeShippingCodeDiscount: $given) {
        codeDiscountNode { codeDiscount { ... on DiscountCodeFreeShipping { title status } } }
        userErrors { field } } }"""
    given = discount(destination={"all": True})
    del given["customerGets"]
    made = app.data(create, given=given)["discountCodeFreeShippingCreate"]
    assert made["codeDiscountNode"] == {"codeDiscount": {"title": "Kontor 10 %", "status": "ACTIVE"}}


def test_a_discount_is_found_by_its_title_but_bulk_codes_are_not_searchable(shop: Shop, app: Client) -> None:
    created(app)
    ask = """query($q: String) { discountNodes(first: 9, query: $q) { nodes { discount {
      ... on DiscountCodeBasic { title codesCount { count } } } } } }"""
    found = app.data(ask, q="title:'Kontor 10 %'")["discountNodes"]["nodes"]
    assert found == [{"discount": {"title": "Kontor 10 %", "codesCount": {"count": 1}}}]
    assert len(app.data(ask, q="code:FIRST")["discountNodes"]["nodes"]) == 1
    shop.memory.add_code(next(iter(shop.memory.discounts.values())), "SECOND")
    assert app.data(ask, q="code:FIRST")["discountNodes"]["nodes"] == []


def test_a_used_code_is_not_taken_twice(shop: Shop, app: Client) -> None:
    created(app)
    shop.place_order(email="eve@example.test", codes=("FIRST",))
    with pytest.raises(AssertionError, match="was used"):
        shop.place_order(email="adam@example.test", codes=("FIRST",))


# Consent.


def test_an_unsubscribe_is_kept_and_told_to_everybody(shopify: FakeShopify, shop: Shop, app: Client) -> None:
    eve = shop.add_customer("eve@example.test", subscribed=True)
    consent = {"marketingState": "UNSUBSCRIBED", "consentUpdatedAt": "2026-01-01T00:00:00Z"}
    given = {"customerId": f"gid://shopify/Customer/{eve.number}", "emailMarketingConsent": consent}
    told = app.data(CONSENT, input=given)["customerEmailMarketingConsentUpdate"]
    assert told["customer"]["defaultEmailAddress"]["marketingState"] == "UNSUBSCRIBED"
    echo = shopify.hooks.sent[-1]
    assert echo.topic == "customers_email_marketing_consent/update"
    assert echo.payload()["email_marketing_consent"]["state"] == "unsubscribed"


@pytest.mark.parametrize("state", ["NOT_SUBSCRIBED", "REDACTED", "INVALID"])
def test_states_that_only_shopify_sets_are_refused(shop: Shop, app: Client, state: str) -> None:
    eve = shop.add_customer("eve@example.test")
    given = {
        "customerId": f"gid://shopify/Customer/{eve.number}",
        "emailMarketingConsent": {"marketingState": state},
    }
    told = app.data(CONSENT, input=given)["customerEmailMarketingConsentUpdate"]
    assert (told["customer"], len(told["userErrors"])) == (None, 1)


def test_nobody_and_nobody_without_an_address_can_be_asked(shop: Shop, app: Client) -> None:
    nameless = shop.add_customer(None, phone="+491700000000")
    for number in (nameless.number, 1):
        given = {
            "customerId": f"gid://shopify/Customer/{number}",
            "emailMarketingConsent": {"marketingState": "SUBSCRIBED"},
        }
        told = app.data(CONSENT, input=given)["customerEmailMarketingConsentUpdate"]
        assert len(told["userErrors"]) == 1


# Protected customer data.


def test_an_unapproved_app_gets_nulls_beside_errors(shopify: FakeShopify, shop: Shop, app: Client) -> None:
    shop.withhold("email", "name")
    shop.place_order(email="eve@example.test")
    told = app.ask("{ orders(first: 1) { nodes { name email customer { firstName } } } }").json()
    assert told["data"]["orders"]["nodes"] == [
        {"name": "#1001", "email": None, "customer": {"firstName": None}}
    ]
    assert {one["extensions"]["code"] for one in told["errors"]} == {"ACCESS_DENIED"}
    body = shopify.hooks.sent[-1].payload()
    assert (body["email"], body["contact_email"], body["customer"]["email"]) == (None, None, None)


def test_without_any_approval_there_is_no_customer_at_all(
    shopify: FakeShopify, shop: Shop, app: Client
) -> None:
    shop.withhold("customer", "email", "name", "phone", "address")
    shop.place_order(email="eve@example.test")
    told = app.ask("{ orders(first: 1) { nodes { name customer { id } } } }").json()
    assert told["data"]["orders"]["nodes"] == [{"name": "#1001", "customer": None}]
    assert shopify.hooks.sent[-1].payload()["customer"] is None


# Faults.


def test_the_next_calls_go_wrong_as_they_were_told_to(shopify: FakeShopify, app: Client) -> None:
    shopify.fail("throttled")
    shopify.fail("too_many", retry_after="2.0")
    shopify.fail("status", status=503)
    shopify.fail("html", status=502)
    throttled, limited, down, page = (app.ask("{ shop { name } }") for _ in range(4))
    assert (throttled.status, throttled.json()["errors"][0]["extensions"]["code"]) == (200, "THROTTLED")
    assert (limited.status, limited.headers["retry-after"]) == (429, "2.0")
    assert down.status == 503
    assert (page.status, page.body[:15]) == (502, b"<!DOCTYPE html>")
    assert app.ask("{ shop { name } }").json()["data"]


@pytest.mark.parametrize("kind", ["cut", "lost_request", "lost_answer"])
def test_a_line_may_break(shopify: FakeShopify, app: Client, kind: Any) -> None:
    shopify.fail(kind)
    with pytest.raises((OSError, http.client.HTTPException)):
        app.ask("{ shop { name } }")
    assert app.ask("{ shop { name } }").status == 200


def test_a_shop_may_stay_silent(shopify: FakeShopify, app: Client) -> None:
    shopify.fail("silence")
    app.timeout = 0.2
    with pytest.raises(OSError, match="timed out"):
        app.ask("{ shop { name } }")


def test_an_answer_may_get_lost_after_the_code_was_made(
    shopify: FakeShopify, shop: Shop, app: Client
) -> None:
    shopify.fail("lost_answer", on="discountCodeBasicCreate")
    assert app.ask("{ shop { name } }").status == 200
    with pytest.raises((OSError, http.client.HTTPException)):
        app.ask(CREATE, given=discount())
    assert shop.codes == ["FIRST"]
    assert app.data(BY_CODE, code="FIRST")["codeDiscountNodeByCode"] is not None


def test_a_request_may_get_lost_before_the_code_was_made(
    shopify: FakeShopify, shop: Shop, app: Client
) -> None:
    shopify.fail("lost_request", on="discountCodeBasicCreate")
    with pytest.raises((OSError, http.client.HTTPException)):
        app.ask(CREATE, given=discount())
    assert shop.codes == []


def test_part_of_an_answer_may_be_missing_beside_an_error(
    shopify: FakeShopify, shop: Shop, app: Client
) -> None:
    order = shop.place_order(email="eve@example.test")
    shopify.fail("partial", on="second")
    told = app.ask(
        "query($id: ID!) { first: order(id: $id) { name } second: order(id: $id) { name } }",
        id=f"gid://shopify/Order/{order.number}",
    ).json()
    assert told["data"] == {"first": {"name": order.name}, "second": None}
    assert told["errors"][0]["path"] == ["second"]


def test_a_mutation_may_be_refused_in_its_data(shopify: FakeShopify, shop: Shop, app: Client) -> None:
    refused = [{"field": ["code"], "message": "no", "code": "INTERNAL_ERROR"}]
    shopify.fail("user_errors", on="discountCodeBasicCreate", errors=refused)
    assert app.data(CREATE, given=discount())["discountCodeBasicCreate"]["userErrors"] == refused
    assert shop.codes == []


def test_a_token_may_be_revoked(shop: Shop, app: Client) -> None:
    shop.installation.revoke()
    assert app.ask("{ shop { name } }").status == 401


# Webhooks.


def test_what_a_shopper_does_arrives_signed_and_readable(shopify: FakeShopify, shop: Shop) -> None:
    heard: list[tuple[str, bool]] = []

    def door(headers: Mapping[str, str], body: bytes) -> int:
        request = arriving(dict(headers), body)
        SHOPIFY.verify(request, [shopify.client_secret])
        assert SHOPIFY.identify(request) == shop.domain
        envelope = SHOPIFY.envelope(request)
        heard.append((envelope.topic, bool(SHOPIFY.read(envelope.topic, body, identity(shop)))))
        return 200

    shopify.hooks.post = door
    a_day_in_the_shop(shop)
    assert heard == [
        ("carts/create", True),
        ("checkouts/create", True),
        ("carts/update", True),
        ("checkouts/update", True),
        ("checkouts/update", True),
        ("orders/create", True),
        ("orders/paid", True),
        ("fulfillments/create", True),
        ("orders/fulfilled", True),
        ("fulfillment_events/create", True),
        ("refunds/create", True),
        ("orders/updated", True),
        ("orders/cancelled", True),
        ("orders/updated", True),
        ("inventory_levels/update", True),
        ("variants/out_of_stock", True),
        ("products/update", True),
        ("inventory_levels/update", True),
        ("variants/in_stock", True),
        ("products/update", True),
        ("customers_email_marketing_consent/update", True),
        ("customers/data_request", True),
        ("customers/redact", True),
        ("app/uninstalled", True),
        ("shop/redact", True),
    ]


def identity(shop: Shop) -> Any:
    from integrations.roles import ShopIdentity

    profile = shop.memory.profile
    return ShopIdentity(profile.domain, str(profile.number), profile.currency)


def a_day_in_the_shop(shop: Shop) -> None:
    mug = shop.add_product(stock=5).variants[0]
    checkout = shop.leave_checkout(lines=[(mug, 1)], accepts_marketing=True, country="DE")
    shop.change_checkout(checkout, lines=[(mug, 2)])
    order = shop.place_order(checkout)
    shop.ship(order)
    shop.arrive(order)
    shop.refund(order, "5.00")
    shop.cancel(order)
    shop.sell_out(mug)
    shop.restock(mug)
    assert order.customer is not None
    shop.set_consent(order.customer, "UNSUBSCRIBED")
    shop.request_data(order.customer)
    shop.redact_customer(order.customer)
    shop.uninstall()
    shop.place_order(email="eve@example.test")
    shop.redact_shop()


def test_the_bodies_have_the_keys_of_the_recorded_ones(shopify: FakeShopify, shop: Shop) -> None:
    a_day_in_the_shop(shop)
    recorded = Path(__file__).parents[2] / "payloads" / "shopify"
    for delivery in shopify.hooks.sent:
        shape = json.loads((recorded / f"{delivery.topic.replace('/', '_')}.json").read_bytes())
        assert set(delivery.payload()) == set(shape), delivery.topic


def test_webhook_and_api_tell_the_same_of_one_checkout(shopify: FakeShopify, shop: Shop, app: Client) -> None:
    checkout = shop.leave_checkout(accepts_marketing=True)
    body = shopify.hooks.sent[-1].payload()
    ask = """{ abandonedCheckouts(first: 1) { nodes {
      abandonedCheckoutUrl completedAt totalPriceSet { shopMoney { amount } } } } }"""
    (found,) = app.data(ask)["abandonedCheckouts"]["nodes"]
    assert found["abandonedCheckoutUrl"] == body["abandoned_checkout_url"]
    assert (found["totalPriceSet"]["shopMoney"]["amount"], body["total_price"]) == ("20.0", "20.00")
    shop.place_order(checkout)
    (found,) = app.data(ask)["abandonedCheckouts"]["nodes"]
    assert found["completedAt"] is not None


def test_a_checkout_bought_at_once_was_never_abandoned(shop: Shop, app: Client) -> None:
    shop.memory.abandoned_after = timedelta(minutes=10)
    shop.place_order(shop.leave_checkout())
    assert app.data("{ abandonedCheckoutsCount { count } }") == {"abandonedCheckoutsCount": {"count": 0}}


def test_one_act_is_one_event_of_several_deliveries(shopify: FakeShopify, shop: Shop) -> None:
    shop.place_order(shop.leave_checkout())
    bought = [one.headers for one in shopify.hooks.sent[-3:]]
    assert len({one["X-Shopify-Event-Id"] for one in bought}) == 1
    assert len({one["X-Shopify-Webhook-Id"] for one in bought}) == 3


def test_a_silent_order_exists_only_in_the_shop(shopify: FakeShopify, shop: Shop, app: Client) -> None:
    order = shop.place_order(email="eve@example.test", silent=True)
    assert shopify.hooks.sent == []
    assert names(app, "email:eve@example.test") == [order.name]


def test_deliveries_are_lost_doubled_and_shuffled(shopify: FakeShopify, shop: Shop) -> None:
    shopify.hooks.holding, shopify.hooks.double, shopify.hooks.lose = True, 0.2, 0.2
    for _ in range(20):
        shop.leave_checkout()
    made = 40
    lost, held = len(shopify.hooks.lost), [one.headers["X-Shopify-Webhook-Id"] for one in shopify.hooks.held]
    assert 0 < lost < made
    assert len(held) > len(set(held)) == made - lost
    assert shopify.hooks.release(shuffled=True) == len(held)
    assert len(shopify.hooks.sent) == made - lost


@pytest.mark.parametrize("refusal", [302, 401, 500])
def test_what_is_not_taken_comes_again_unchanged_eight_times(
    shopify: FakeShopify, shop: Shop, refusal: int
) -> None:
    seen: list[tuple[str, bytes]] = []

    def refusing(headers: Mapping[str, str], body: bytes) -> int:
        seen.append((headers["X-Shopify-Webhook-Id"], body))
        return refusal

    shopify.hooks.post = refusing
    shop.redact_shop()
    for _ in range(20):
        shopify.hooks.retry()
    assert len(seen) == 9
    assert len(set(seen)) == 1


def test_an_app_hears_only_what_it_subscribed_to(shopify: FakeShopify, shop: Shop) -> None:
    shopify.hooks.topics = frozenset({"orders/create"})
    shop.place_order(shop.leave_checkout())
    assert [one.topic for one in shopify.hooks.sent] == ["orders/create"]


# Counting, control, and a life of its own.


def test_it_counts_what_it_was_asked(shopify: FakeShopify, shop: Shop, app: Client) -> None:
    shopify.forget_calls()
    app.ask(
        "query Facts { a: orders(first: 1) { nodes { id } } b: orders(first: 2) { nodes { id } } shop { id } }"
    )
    assert shopify.asked(shop) == {"orders": 1, "shop": 1}
    assert [one.operation for one in shopify.calls] == ["Facts"]


def test_a_test_in_another_process_does_the_same_by_http(shopify: FakeShopify, app: Client) -> None:
    made = app.control("add_product", title="Bowl", stock=1)
    left = app.control("leave_checkout", email="eve@example.test", lines=[[made["variants"][0], 1]])
    placed = app.control("place_order", token=left["token"], silent=True)
    state = app.control("state")["shops"][app.shop]
    assert state["orders"] == {placed["name"]: "PAID"}
    assert state["checkouts"] == {left["token"]: True}
    assert app.exchange(app.control("id_token")["id_token"]).status == 200
    assert "error" in app.control("cancel", name="#9")
    assert "actions" in app.control("dance")
    app.control("fail", kind="status", status=500)
    assert app.ask("{ shop { name } }").status == 500


def test_any_number_of_shops_live_here(shopify: FakeShopify) -> None:
    shops = [shopify.add_shop(f"shop-{number}.myshopify.com") for number in range(3)]
    for shop in shops:
        assert shopify.client(shop).data("{ shop { myshopifyDomain } }") == {
            "shop": {"myshopifyDomain": shop.domain}
        }
    assert shopify.client(shops[0]).send("POST", "/stranger.myshopify.com/__fake__/id_token").status == 404


def test_it_starts_as_a_program_and_knows_every_shop_that_is_asked_for() -> None:
    command = [sys.executable, "-m", "tests.fakes.shopify", "--app-url", "http://127.0.0.1:9"]
    command += ["--client-id", "an-id", "--client-secret", "a-secret"]
    root = Path(__file__).parents[3]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=root) as program:
        assert program.stdout is not None
        port = int(program.stdout.readline().rsplit(":", 1)[1])
        authority = Path(program.stdout.readline().split(" ", 1)[1].strip())
        app = Client(port, authority, "new-shop.myshopify.com", "an-id", "a-secret")
        app.token = app.exchange(app.control("id_token")["id_token"]).json()["access_token"]
        assert (
            app.data("{ productsCount { count } shop { name } }") if False else app.data("{ shop { name } }")
        )
        program.terminate()
        assert program.wait(10) == 0
