"""A shopper asks what is known about her; the merchant is told and given everything."""

import json
from datetime import timedelta
from typing import Any

from core import clock
from core.db import reading
from core.models.tables import addresses, data_requests, inbound, notices
from engine import data_requests as requests
from engine import notices as telling
from engine.consent import opt_out
from tests.engine.connected import ANNA, AtShopify
from tests.engine.stories import Postbox, mode

BEN = "ben@example.com"


def asks(shopify: AtShopify, email: str = ANNA) -> int:
    customer = shopify.shop.memory.customer_of(email) or shopify.shop.add_customer(email)
    shopify.shop.request_data(customer)
    shopify.settle()
    return int(shopify.kontor.rows(data_requests)[-1].id)


def answer(shopify: AtShopify, request_id: int, by: str = "Mara") -> dict[str, Any]:
    return requests.answer(shopify.machine, shopify.merchant_id, request_id, by)


def waiting(shopify: AtShopify) -> list[dict[str, Any]]:
    with reading(shopify.machine.db) as session:
        return requests.open_requests(session, shopify.merchant_id)


def mails(shopify: AtShopify) -> list[str]:
    box = shopify.machine.channel
    assert isinstance(box, Postbox)
    before = len(box.sent)
    telling.run(shopify.machine)
    return [message.subject for message in box.sent[before:]]


def has_bought(shopify: AtShopify, email: str = ANNA) -> None:
    shopify.shop.place_order(email=email, accepts_marketing=True, first_name="Anna")
    shopify.shop.leave_checkout(email)
    shopify.settle()


def test_a_request_waits_for_thirty_days_and_the_merchant_is_told(shopify: AtShopify) -> None:
    asks(shopify)
    (request,) = waiting(shopify)
    assert request["due_at"] - request["asked_at"] == timedelta(days=30)
    assert request["asked_at"] <= clock.now()
    assert mails(shopify) == ["Beans & Mugs: a customer asks what is known about her or him"]
    box = shopify.machine.channel
    assert isinstance(box, Postbox)
    assert f"{request['due_at']:%Y-%m-%d}" in box.sent[0].text
    assert ANNA not in str(box.sent)
    assert not any(row.body for row in shopify.kontor.rows(inbound, inbound.c.topic.contains("data_request")))


def test_the_same_request_told_twice_is_one(shopify: AtShopify) -> None:
    asks(shopify)
    (delivery,) = [one for one in shopify.fake.hooks.sent if one.topic == "customers/data_request"]
    delivery.headers["X-Shopify-Webhook-Id"] = "another-delivery"
    shopify.fake.hooks.send(delivery)
    shopify.settle()
    assert len(waiting(shopify)) == 1


def test_of_a_second_request_the_merchant_is_told_as_well(shopify: AtShopify) -> None:
    asks(shopify)
    assert len(mails(shopify)) == 1
    asks(shopify, BEN)
    assert len(mails(shopify)) == 1
    assert len(waiting(shopify)) == 2
    assert len(shopify.kontor.rows(notices)) == 1


def test_the_answer_is_everything_known_and_plain(shopify: AtShopify) -> None:
    mode(shopify.kontor, "live")
    has_bought(shopify)
    has_bought(shopify, BEN)
    address = next(row for row in shopify.kontor.rows(addresses) if row.masked.startswith("a"))
    opt_out(shopify.machine, shopify.merchant_id, address.id, "page", shopify.kontor.now())
    told = answer(shopify, asks(shopify))
    (person,) = told["people"]
    assert ANNA in {one["value"] for one in person["addresses"]}
    assert {one["state"] for one in person["consents"]} >= {"opted_out"}
    assert [one["bought"] for one in person["orders"]] == [True]
    assert person["orders"][0]["lines"][0]["quantity"] == 1
    assert len(person["carts"]) >= 1
    assert "write_consent" in {one["kind"] for one in person["messages"]}
    assert all(" " in reason for one in person["decisions"] for reason in one["reasons"])
    assert person["decisions"] != []
    assert BEN not in json.dumps(told, default=str)
    assert not told["erased"]


def test_answered_it_is_recorded_and_names_nobody_any_more(shopify: AtShopify) -> None:
    has_bought(shopify)
    request = asks(shopify)
    assert len(mails(shopify)) == 1
    told = answer(shopify, request)
    (row,) = shopify.kontor.rows(data_requests)
    assert (row.contact, row.answered_by) == (None, "Mara")
    assert row.answered_at == told["answered_at"]
    assert waiting(shopify) == []
    assert mails(shopify) == ["Beans & Mugs: the question about personal data is answered"]
    again = answer(shopify, request, "Eve")
    assert (again["answered_by"], again["people"]) == ("Mara", [])


def test_an_answer_about_somebody_erased_meanwhile_says_so(shopify: AtShopify) -> None:
    has_bought(shopify)
    request = asks(shopify)
    customer = shopify.shop.memory.customer_of(ANNA)
    assert customer is not None
    shopify.shop.redact_customer(customer)
    shopify.settle()
    (row,) = shopify.kontor.rows(data_requests)
    assert (row.contact, row.order_refs) == (None, [])
    told = answer(shopify, request)
    assert (told["people"], told["erased"]) == ([], True)
    assert waiting(shopify) == []


def test_somebody_nobody_knows_gets_an_honest_empty_answer(shopify: AtShopify) -> None:
    told = answer(shopify, asks(shopify, "nobody@example.com"))
    assert (told["people"], told["erased"]) == ([], False)
    assert told["answered_by"] == "Mara"


def test_a_request_of_another_merchant_is_none(shopify: AtShopify) -> None:
    request = asks(shopify)
    assert requests.answer(shopify.machine, shopify.merchant_id + 1, request, "Eve") == {}
    assert len(waiting(shopify)) == 1
