"""Calling Shopify: its limits are kept, and what comes back is sorted by what happens next."""

from datetime import timedelta
from typing import Any

import pytest
from structlog.testing import capture_logs

from core.errors import InDoubt, KontorError, NeedsMerchant, Permanent, Retryable
from integrations.shopify import API_VERSION
from integrations.shopify.api import LONGEST_WAIT_SECONDS, TRIES, Api
from integrations.shopify.change_documents import CODE, REMOVE_DISCOUNT
from integrations.shopify.documents import INSTALLATION, ORDERS, SHOP
from tests.integrations.shopify.standing_in import TOKEN, Said, StandIn

HERE = {"currentAppInstallation": {"id": "gid://shopify/AppInstallation/1"}}
DELETED: dict[str, Any] = {"discountCodeDelete": {"userErrors": []}}


def error(code: str | None = None, path: list[Any] | None = None) -> dict[str, Any]:
    told: dict[str, Any] = {"message": "ana@example.test was not found"}
    return told | ({"extensions": {"code": code}} if code else {}) | ({"path": path} if path else {})


def refusing(*errors: dict[str, Any], data: Any = None) -> Said:
    return Said({"data": data, "errors": list(errors)})


def cost(requested: float, available: float, rate: float = 100.0) -> dict[str, Any]:
    status = {"maximumAvailable": 2000.0, "currentlyAvailable": available, "restoreRate": rate}
    return {"cost": {"requestedQueryCost": requested, "throttleStatus": status}}


def throttled(requested: float, available: float) -> Said:
    return Said({"errors": [error("THROTTLED")], "extensions": cost(requested, available)})


def test_a_question_carries_the_token_and_goes_to_the_version_we_know(shop: StandIn, api: Api) -> None:
    shop.tell(HERE)
    assert api.ask(shop.access(), INSTALLATION) == HERE
    (heard,) = shop.heard
    assert heard.path == f"/admin/api/{API_VERSION}/graphql.json"
    assert heard.headers["x-shopify-access-token"] == TOKEN
    assert (heard.name, heard.variables) == ("Installation", {})


def test_without_a_token_nobody_is_called(shop: StandIn, api: Api) -> None:
    with pytest.raises(NeedsMerchant):
        api.ask(shop.access(token=None), INSTALLATION)
    assert shop.heard == []


def test_a_throttled_question_waits_as_long_as_told_and_is_asked_again(
    shop: StandIn, api: Api, waits: list[float]
) -> None:
    shop.say(throttled(400, 200), Said({"data": HERE, "extensions": cost(400, 0)}))
    assert api.ask(shop.access(), INSTALLATION) == HERE
    assert sum(waits) == pytest.approx(2.0)
    assert len(shop.heard) == 2


def test_a_throttled_change_has_not_happened_and_is_asked_again(shop: StandIn, api: Api) -> None:
    shop.say(throttled(10, 5), Said({"data": DELETED}))
    api.change(shop.access(), REMOVE_DISCOUNT, id="gid://shopify/DiscountCodeNode/1")
    assert len(shop.heard) == 2


def test_a_long_wait_is_left_to_the_engine(shop: StandIn, api: Api, waits: list[float]) -> None:
    shop.say(throttled(1000, 0))
    with pytest.raises(Retryable) as later:
        api.ask(shop.access(), ORDERS, ids=[])
    assert later.value.after == timedelta(seconds=10)
    assert waits == []


def test_throttled_again_and_again_is_for_later(shop: StandIn, api: Api) -> None:
    shop.say(*[throttled(100, 50)] * TRIES)
    with pytest.raises(Retryable) as later:
        api.ask(shop.access(), INSTALLATION)
    assert later.value.after is not None


def test_a_bucket_known_to_be_empty_is_waited_for_before_asking(
    shop: StandIn, api: Api, waits: list[float]
) -> None:
    shop.say(Said({"data": HERE, "extensions": cost(100, 50)}), Said({"data": HERE}))
    api.ask(shop.access(), INSTALLATION)
    assert waits == []
    api.ask(shop.access(), INSTALLATION)
    assert waits == [pytest.approx(0.5)]


def test_one_shops_empty_bucket_holds_up_no_other(shop: StandIn, api: Api) -> None:
    shop.say(Said({"data": HERE, "extensions": cost(1000, 0, rate=1)}))
    api.ask(shop.access(), INSTALLATION)
    with pytest.raises(Retryable):
        api.ask(shop.access(), INSTALLATION)
    other = shop.access()
    shop.tell(HERE)
    renamed = type(other)(8, type(other.identity)(shop.domain.upper(), None, "EUR"), TOKEN, {})
    assert api.ask(renamed, INSTALLATION) == HERE


def test_too_many_requests_say_when_to_come_back(shop: StandIn, api: Api) -> None:
    shop.say(Said({"errors": "Throttled"}, 429, {"Retry-After": "2.0"}))
    with pytest.raises(Retryable) as later:
        api.ask(shop.access(), INSTALLATION)
    assert later.value.after == timedelta(seconds=2)


@pytest.mark.parametrize(
    ("said", "asking", "changing"),
    [
        (Said("", 401), NeedsMerchant, NeedsMerchant),
        (Said("", 403), NeedsMerchant, NeedsMerchant),
        (Said("", 402), Retryable, Retryable),
        (Said("", 423), Retryable, Retryable),
        (Said("", 404), Permanent, Permanent),
        (Said("", 500), Retryable, InDoubt),
        (Said("", 503), Retryable, Retryable),
        (Said(b"<html>", 200), Retryable, InDoubt),
        (Said([], 200), Retryable, InDoubt),
        (None, Retryable, InDoubt),
        (Said({}), Retryable, InDoubt),
        (refusing(error("ACCESS_DENIED")), NeedsMerchant, NeedsMerchant),
        (refusing(error("INTERNAL_SERVER_ERROR")), Retryable, InDoubt),
        (refusing(error("SHOP_INACTIVE")), Retryable, Retryable),
        (refusing(error("undefinedField")), Permanent, Permanent),
        (refusing(error("MAX_COST_EXCEEDED")), Permanent, Permanent),
        (refusing(error()), Permanent, Permanent),
        (Said({"errors": "a bare sentence"}), Permanent, Permanent),
    ],
)
def test_each_refusal_says_what_happens_next(
    shop: StandIn, api: Api, said: Said | None, asking: type[KontorError], changing: type[KontorError]
) -> None:
    shop.say(said, said)
    with pytest.raises(asking) as asked:
        api.ask(shop.access(), INSTALLATION)
    with pytest.raises(changing):
        api.change(shop.access(), REMOVE_DISCOUNT, id="gid://shopify/DiscountCodeNode/1")
    assert "ana@" not in str(asked.value)


def test_what_is_withheld_of_a_person_takes_nothing_else_away(shop: StandIn, api: Api) -> None:
    order = {"id": "gid://shopify/Order/1", "email": None, "customer": None}
    withheld = [error("ACCESS_DENIED", ["nodes", 0, key]) for key in ("email", "customer")]
    shop.say(refusing(*withheld, data={"nodes": [order]}))
    assert api.ask(shop.access(), ORDERS, ids=["gid://shopify/Order/1"]) == {"nodes": [order]}


def test_an_order_that_is_withheld_is_not_an_order_that_is_gone(shop: StandIn, api: Api) -> None:
    shop.say(refusing(error("ACCESS_DENIED", ["nodes", 0]), data={"nodes": [None]}))
    with pytest.raises(NeedsMerchant):
        api.ask(shop.access(), ORDERS, ids=["gid://shopify/Order/1"])


def test_half_an_answer_is_asked_for_again(shop: StandIn, api: Api) -> None:
    shop.say(refusing(error("SOMETHING_NEW", ["nodes", 0]), data={"nodes": [None]}))
    with pytest.raises(Retryable):
        api.ask(shop.access(), ORDERS, ids=["gid://shopify/Order/1"])


def test_what_shopify_tells_the_user_is_told_without_the_person(shop: StandIn, api: Api) -> None:
    told = "Ends at must be later for ana@example.test or +49 (30) 1234-567"
    shop.tell({"discountCodeDelete": {"userErrors": [{"field": ["id"], "message": told}]}})
    with pytest.raises(Permanent) as refused:
        api.change(shop.access(), REMOVE_DISCOUNT, id="gid://shopify/DiscountCodeNode/1")
    assert str(refused.value) == "Ends at must be later for … or …"


def test_an_older_version_in_the_answer_is_told_once(shop: StandIn, api: Api) -> None:
    older = {"X-Shopify-API-Version": "2026-07"}
    shop.say(*[Said({"data": HERE}, headers=older)] * 2)
    with capture_logs() as lines:
        api.ask(shop.access(), INSTALLATION)
        api.ask(shop.access(), INSTALLATION)
    assert [line["served"] for line in lines] == ["2026-07"]


def test_sums_keep_their_hundredths(shop: StandIn, api: Api) -> None:
    shop.say(Said(b'{"data": {"amount": 0.1000000000000000055511}}'))
    assert str(api.ask(shop.access(), SHOP)["amount"]) == "0.1000000000000000055511"


def test_nothing_is_waited_for_longer_than_the_bound(shop: StandIn, api: Api, waits: list[float]) -> None:
    shop.say(throttled(100 * LONGEST_WAIT_SECONDS, 0), Said({"data": {"codeDiscountNodeByCode": None}}))
    api.ask(shop.access(), CODE, code="X")
    assert sum(waits) <= LONGEST_WAIT_SECONDS
