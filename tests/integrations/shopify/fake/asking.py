"""What several stories ask of our own Shopify, and the discount they make there."""

from typing import Any

from tests.fakes.shopify.client import Client

DAY = "2026-01-01T00:00:00Z"
ORDERS = "query($q: String) { orders(first: 10, query: $q) { nodes { name } } }"
BY_CODE = "query($code: String!) { codeDiscountNodeByCode(code: $code) { id } }"
CREATE = """mutation Create($given: DiscountCodeBasicInput!) {
  discountCodeBasicCreate(basicCodeDiscount: $given) {
    codeDiscountNode { id } userErrors { field message code } } }"""


def names(app: Client, query: str) -> list[str]:
    """The orders that a search finds."""
    return [one["name"] for one in app.data(ORDERS, q=query)["orders"]["nodes"]]


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
