"""What a shop's pages send on: only what the platform signed just now, and only for a shop we know."""

import hashlib
import hmac
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
import time_machine
from sqlalchemy import select, update

from core import clock
from core.db import reading, transaction
from core.models.tables import merchants, sign_ups
from integrations.shopify.signed_query import proxy_message
from tests.integrations.shopify.vectors import cases, named
from tests.support.waiting import SOLD_OUT, stock, switch
from tests.web.doorstep import Doorstep, Resident, doorstep

OLD, NEW = "the-old-secret-of-the-app", "the-new-secret-of-the-app"
FORM, SIGN_UP = "/proxy/shopify/waitlist/form", "/proxy/shopify/waitlist"
Pairs = list[tuple[str, str]]


@pytest.fixture
def door(sqlite_url: str, tmp_path: Path) -> Iterator[Doorstep]:
    with doorstep(tmp_path, sqlite_url, SHOPIFY_CLIENT_SECRETS=f"{NEW} {OLD}") as found:
        yield found


@pytest.fixture
def shop(door: Doorstep) -> Resident:
    return door.resident("shopify")


@pytest.fixture
def line(door: Doorstep, shop: Resident) -> None:
    """Two variants of the shop are sold out, and their lines are open."""
    switch(door.machine, shop.id)
    for ref in ("42", "43"):
        stock(door.machine, shop.id, SOLD_OUT, ref, title="Mug", colour="Blue")


def pairs_of(shop: Resident, *more: tuple[str, str], ago: float = 0) -> Pairs:
    stamp = str(int(clock.now().timestamp() - ago))
    told = [("shop", shop.domain), ("logged_in_customer_id", ""), ("path_prefix", "/apps/kontor")]
    return [*more, *told, ("timestamp", stamp)]


def signed(pairs: Pairs, secret: str = NEW) -> str:
    digest = hmac.new(secret.encode(), proxy_message(pairs).encode(), hashlib.sha256).hexdigest()
    return urlencode([*pairs, ("signature", digest)])


def waiting(door: Doorstep) -> list[tuple[int, str]]:
    with reading(door.machine.db) as session:
        return [(row.merchant_id, row.state) for row in session.execute(select(sign_ups))]


def wish(door: Doorstep, shop: Resident) -> dict[str, str]:
    form = asked(door, signed(pairs_of(shop, ("variant", "42")))).get_json()["form"]
    return {"variant": "42", "email": "anna@example.com", "locale": "en", "form": form, "website": ""}


def asked(door: Doorstep, query: str, path: str = FORM) -> Any:
    return door.client.get(f"{path}?{query}")


def test_the_signed_form_is_had_for_the_shop_that_was_signed_for(
    door: Doorstep, shop: Resident, line: None
) -> None:
    answer = asked(door, signed(pairs_of(shop, ("variant", "42"), ("locale", "de"))))
    assert (answer.status_code, answer.mimetype) == (200, "application/json")
    told = answer.get_json()
    assert told["form"]
    assert "Mug, Blue" in told["text"]
    assert "wieder lieferbar" in told["text"]
    assert told["available"] is False
    assert answer.headers["Cache-Control"] == "no-store"


def test_a_wish_is_taken_with_what_was_typed(door: Doorstep, shop: Resident, line: None) -> None:
    typed = wish(door, shop)
    with time_machine.travel(clock.now() + timedelta(seconds=5)):
        answer = door.client.post(f"{SIGN_UP}?{signed(pairs_of(shop))}", data=typed)
    assert (answer.status_code, answer.get_json()["state"]) == (200, "unconfirmed")
    assert answer.get_json()["message"]
    assert waiting(door) == [(shop.id, "unconfirmed")]


def test_what_is_typed_wrong_is_said(door: Doorstep, shop: Resident, line: None) -> None:
    answer = door.client.post(
        f"{SIGN_UP}?{signed(pairs_of(shop))}", data=wish(door, shop) | {"email": "anna@"}
    )
    assert (answer.status_code, answer.get_json()["state"]) == (422, "email")
    assert waiting(door) == []


def test_a_form_of_one_shop_is_worth_nothing_in_another(door: Doorstep, shop: Resident, line: None) -> None:
    other, typed = door.resident("shopify"), wish(door, shop)
    switch(door.machine, other.id)
    stock(door.machine, other.id, SOLD_OUT, "42")
    with time_machine.travel(clock.now() + timedelta(seconds=5)):
        answer = door.client.post(f"{SIGN_UP}?{signed(pairs_of(other))}", data=typed)
    assert (answer.status_code, answer.get_json()["state"]) == (422, "old")
    assert waiting(door) == []


def test_many_people_come_by_the_platforms_one_address(door: Doorstep, shop: Resident, line: None) -> None:
    forms = [wish(door, shop) | {"email": f"person{number}@example.com"} for number in range(40)]
    with time_machine.travel(clock.now() + timedelta(seconds=5)):
        answers = [door.client.post(f"{SIGN_UP}?{signed(pairs_of(shop))}", data=one) for one in forms]
    assert {one.status_code for one in answers} == {200}
    assert len(waiting(door)) == 40


def test_nobody_leaves_a_parcel_here(door: Doorstep, shop: Resident, line: None) -> None:
    parcel = {"email": "x" * 400_000}
    assert door.client.post(f"{SIGN_UP}?{signed(pairs_of(shop))}", data=parcel).status_code == 413


def test_the_secret_before_counts_while_it_is_changed(door: Doorstep, shop: Resident, line: None) -> None:
    pairs = pairs_of(shop, ("variant", "42"))
    assert asked(door, signed(pairs, OLD)).status_code == 200
    assert asked(door, signed(pairs, "another")).status_code == 401


@pytest.mark.parametrize(("ago", "status"), [(0, 200), (60, 200), (-60, 200), (120, 401), (-120, 401)])
def test_what_was_signed_is_soon_worth_nothing(
    door: Doorstep, shop: Resident, line: None, ago: float, status: int
) -> None:
    assert asked(door, signed(pairs_of(shop, ("variant", "42"), ago=ago))).status_code == status


def test_whatever_is_changed_after_signing_is_refused(door: Doorstep, shop: Resident, line: None) -> None:
    other = door.resident("shopify")
    query = signed(pairs_of(shop, ("variant", "42")))
    for changed in (
        query.replace("variant=42", "variant=43"),
        query.replace(shop.domain, other.domain),
        query + "&locale=de",
        query.replace("variant=42&", ""),
        query[:-1] + ("0" if query[-1] != "0" else "1"),
        query.partition("&signature=")[0],
        "",
    ):
        assert asked(door, changed).status_code == 401, changed
        assert door.client.post(f"{SIGN_UP}?{changed}").status_code == 401
    assert waiting(door) == []


@pytest.mark.parametrize("name", ["shop", "timestamp", "logged_in_customer_id", "path_prefix"])
def test_of_what_shopify_says_nothing_may_stand_there_twice(
    door: Doorstep, shop: Resident, line: None, name: str
) -> None:
    """A shopper may add the name to her address; Shopify signs both."""
    other = door.resident("shopify")
    mine = dict(pairs_of(shop))
    hers = other.domain if name == "shop" else mine[name]
    assert asked(door, signed([(name, hers), *mine.items()])).status_code == 401
    assert asked(door, signed([*mine.items(), (name, hers)])).status_code == 401
    twice = signed(list(mine.items()))
    assert asked(door, f"{twice}&signature={'0' * 64}").status_code == 401


def test_what_a_shopper_says_twice_is_signed_and_read_once(
    door: Doorstep, shop: Resident, line: None
) -> None:
    assert asked(door, signed(pairs_of(shop, ("variant", "42"), ("variant", "x")))).status_code == 200
    assert asked(door, signed(pairs_of(shop, ("variant", "x"), ("variant", "42")))).status_code == 404


def test_a_shop_that_we_do_not_know_or_that_has_left_gets_nothing(
    door: Doorstep, shop: Resident, line: None
) -> None:
    stranger = [(k, "other.myshopify.com" if k == "shop" else v) for k, v in pairs_of(shop)]
    assert asked(door, signed(stranger)).status_code == 404
    foreign = [(k, "shop.example.com" if k == "shop" else v) for k, v in pairs_of(shop)]
    assert asked(door, signed(foreign)).status_code == 401
    with transaction(door.machine.db) as session:
        gone = update(merchants).where(merchants.c.id == shop.id).values(uninstalled_at=clock.now())
        session.execute(gone)
    assert asked(door, signed(pairs_of(shop))).status_code == 404
    assert waiting(door) == []


def test_only_platforms_that_sign_have_this_door(door: Doorstep, shop: Resident, line: None) -> None:
    query = signed(pairs_of(shop))
    for platform in ("woocommerce", "sandbox", "x", "Shopify"):
        assert asked(door, query, f"/proxy/{platform}/waitlist/form").status_code == 404


def test_without_a_secret_nobody_is_believed(sqlite_url: str, tmp_path: Path) -> None:
    with doorstep(tmp_path, sqlite_url) as door:
        shop = door.resident("shopify")
        assert asked(door, signed(pairs_of(shop), "")).status_code == 401


@pytest.mark.parametrize("case", cases("app_proxy_signature"), ids=named)
def test_published_signatures_are_long_stale(door: Doorstep, line: None, case: dict[str, Any]) -> None:
    """That the true ones among them are known for true, tests/integrations/shopify tell."""
    assert asked(door, case["query_string"]).status_code == 401


@pytest.mark.parametrize("query", ["%ff=%00&shop=%ff", "&&&=", "shop[]=x", "a=" + "x" * 5000])
def test_strange_addresses_are_refused_and_not_stumbled_over(door: Doorstep, line: None, query: str) -> None:
    assert asked(door, query).status_code == 401
