"""Our own Shopify makes discounts, codes and consent as the documented one does."""

import http.client
from typing import Any

import pytest

from tests.fakes.shopify import FakeShopify, Shop
from tests.fakes.shopify.client import Client
from tests.integrations.shopify.fake.asking import BY_CODE, CREATE, discount

ADD = """mutation Add($id: ID!, $codes: [DiscountRedeemCodeInput!]!) {
  discountRedeemCodeBulkAdd(discountId: $id, codes: $codes) {
    bulkCreation { id done } userErrors { field message code } } }"""
CONSENT = """mutation($input: CustomerEmailMarketingConsentUpdateInput!) {
  customerEmailMarketingConsentUpdate(input: $input) {
    customer { defaultEmailAddress { marketingState } } userErrors { field code } } }"""


def created(app: Client, **changed: Any) -> str:
    made = app.data(CREATE, given=discount(**changed))["discountCodeBasicCreate"]
    assert made["userErrors"] == []
    number: str = made["codeDiscountNode"]["id"]
    return number


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


def test_codes_nobody_waits_for_are_made_all_the_same(shopify: FakeShopify, shop: Shop, app: Client) -> None:
    number = created(app)
    shopify.fail("lost_answer", on="discountRedeemCodeBulkAdd")
    with pytest.raises((OSError, http.client.HTTPException)):
        app.ask(ADD, id=number, codes=[{"code": "A1"}])
    assert app.data(BY_CODE, code="A1") == {"codeDiscountNodeByCode": None}
    shopify.forward(seconds=10)
    assert app.data(BY_CODE, code="A1") == {"codeDiscountNodeByCode": {"id": number}}


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
      discountCodeRedeemCodeBulkDelete(discountId: $id, ids: $ids) { job { id done } userErrors { field } }
    }"""
    made = app.data(remove, id=number, ids=[f"gid://shopify/DiscountRedeemCode/{code.number}"])
    job = made["discountCodeRedeemCodeBulkDelete"]["job"]
    done = [app.data("query($id: ID!) { job(id: $id) { done } }", id=job["id"])["job"]["done"] for _ in "abc"]
    assert (job["done"], done) == (False, [False, False, True])
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
    created(app, title="Kontor 10 % until May", code="SECOND")
    assert len(app.data(ask, q="title:'Kontor 10 %'")["discountNodes"]["nodes"]) == 2
    assert len(app.data(ask, q="code:FIRST")["discountNodes"]["nodes"]) == 1
    shop.memory.add_code(next(iter(shop.memory.discounts.values())), "THIRD")
    assert app.data(ask, q="code:FIRST")["discountNodes"]["nodes"] == []


def test_a_used_code_is_not_taken_twice(shop: Shop, app: Client) -> None:
    created(app)
    shop.place_order(email="eve@example.test", codes=("FIRST",))
    with pytest.raises(AssertionError, match="was used"):
        shop.place_order(email="adam@example.test", codes=("FIRST",))
    assert [str(one.total) for one in shop.memory.orders.values()] == ["18.00"]


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
