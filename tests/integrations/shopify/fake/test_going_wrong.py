"""Our own Shopify goes wrong as it is told to, in the ways the real one can."""

import http.client
from typing import Any

import pytest

from tests.fakes.shopify import FakeShopify, Shop
from tests.fakes.shopify.client import Client
from tests.integrations.shopify.fake.asking import BY_CODE, CREATE, discount


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
