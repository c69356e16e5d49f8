"""What a shop's pages send on: only what the platform signed just now, and only for a shop we know."""

import hashlib
import hmac
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from sqlalchemy import update

from core import clock
from core.db import transaction
from core.models import Merchant
from core.models.tables import merchants
from integrations.shopify.signed_query import proxy_message
from tests.integrations.shopify.vectors import cases, named
from tests.web.doorstep import Doorstep, Resident, doorstep

OLD, NEW = "the-old-secret-of-the-app", "the-new-secret-of-the-app"
FORM, SIGN_UP = "/proxy/shopify/waitlist/form", "/proxy/shopify/waitlist"
Pairs = list[tuple[str, str]]


class Heard:
    """Notes who was asked for what, and answers as the line would."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, dict[str, str]]] = []

    def form(self, merchant: Merchant, fields: dict[str, str]) -> tuple[int, dict[str, Any]]:
        self.asked.append((merchant.key, fields))
        return 200, {"form": "signed", "text": "One e-mail.", "available": False}

    def answer(self, merchant: Merchant, fields: dict[str, str]) -> tuple[int, dict[str, Any]]:
        self.asked.append((merchant.key, fields))
        return 422, {"state": "invalid", "message": "That is no address."}


@pytest.fixture
def door(sqlite_url: str, tmp_path: Path) -> Iterator[Doorstep]:
    with doorstep(tmp_path, sqlite_url, SHOPIFY_CLIENT_SECRETS=f"{NEW} {OLD}") as found:
        yield found


@pytest.fixture
def shop(door: Doorstep) -> Resident:
    return door.resident("shopify")


@pytest.fixture
def line(door: Doorstep) -> Heard:
    heard = Heard()
    door.app.extensions["kontor.waitlist"] = heard
    return heard


def pairs_of(shop: Resident, *more: tuple[str, str], ago: float = 0) -> Pairs:
    stamp = str(int(clock.now().timestamp() - ago))
    told = [("shop", shop.domain), ("logged_in_customer_id", ""), ("path_prefix", "/apps/kontor")]
    return [*more, *told, ("timestamp", stamp)]


def signed(pairs: Pairs, secret: str = NEW) -> str:
    digest = hmac.new(secret.encode(), proxy_message(pairs).encode(), hashlib.sha256).hexdigest()
    return urlencode([*pairs, ("signature", digest)])


def asked(door: Doorstep, query: str, path: str = FORM) -> Any:
    return door.client.get(f"{path}?{query}")


def test_the_signed_form_is_had_for_the_shop_that_was_signed_for(
    door: Doorstep, shop: Resident, line: Heard
) -> None:
    answer = asked(door, signed(pairs_of(shop, ("variant", "42"), ("locale", "de"))))
    assert (answer.status_code, answer.mimetype) == (200, "application/json")
    assert answer.get_json() == {"form": "signed", "text": "One e-mail.", "available": False}
    assert answer.headers["Cache-Control"] == "no-store"
    [(key, fields)] = line.asked
    assert (key, fields["variant"], fields["locale"]) == (shop.key, "42", "de")


def test_a_wish_is_taken_with_what_was_typed_and_the_answer_passed_on(
    door: Doorstep, shop: Resident, line: Heard
) -> None:
    typed = {"variant": "42", "email": "anna@", "locale": "en", "form": "signed", "website": ""}
    answer = door.client.post(f"{SIGN_UP}?{signed(pairs_of(shop))}", data=typed)
    assert (answer.status_code, answer.get_json()["state"]) == (422, "invalid")
    assert line.asked == [(shop.key, typed)]


def test_the_secret_before_counts_while_it_is_changed(door: Doorstep, shop: Resident, line: Heard) -> None:
    assert asked(door, signed(pairs_of(shop), OLD)).status_code == 200
    assert asked(door, signed(pairs_of(shop), "another")).status_code == 401


@pytest.mark.parametrize(("ago", "status"), [(0, 200), (60, 200), (-60, 200), (120, 401), (-120, 401)])
def test_what_was_signed_is_soon_worth_nothing(
    door: Doorstep, shop: Resident, line: Heard, ago: float, status: int
) -> None:
    assert asked(door, signed(pairs_of(shop, ago=ago))).status_code == status


def test_whatever_is_changed_after_signing_is_refused(door: Doorstep, shop: Resident, line: Heard) -> None:
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
    assert line.asked == []


@pytest.mark.parametrize("name", ["shop", "timestamp", "logged_in_customer_id", "path_prefix"])
def test_of_what_shopify_says_nothing_may_stand_there_twice(
    door: Doorstep, shop: Resident, line: Heard, name: str
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
    door: Doorstep, shop: Resident, line: Heard
) -> None:
    assert asked(door, signed(pairs_of(shop, ("variant", "1"), ("variant", "2")))).status_code == 200
    assert line.asked[0][1]["variant"] == "1"


def test_a_shop_that_we_do_not_know_or_that_has_left_gets_nothing(
    door: Doorstep, shop: Resident, line: Heard
) -> None:
    stranger = [(k, "other.myshopify.com" if k == "shop" else v) for k, v in pairs_of(shop)]
    assert asked(door, signed(stranger)).status_code == 404
    foreign = [(k, "shop.example.com" if k == "shop" else v) for k, v in pairs_of(shop)]
    assert asked(door, signed(foreign)).status_code == 401
    with transaction(door.machine.db) as session:
        gone = update(merchants).where(merchants.c.id == shop.id).values(uninstalled_at=clock.now())
        session.execute(gone)
    assert asked(door, signed(pairs_of(shop))).status_code == 404
    assert line.asked == []


def test_only_platforms_that_sign_have_this_door(door: Doorstep, shop: Resident, line: Heard) -> None:
    query = signed(pairs_of(shop))
    for platform in ("woocommerce", "sandbox", "x", "Shopify"):
        assert asked(door, query, f"/proxy/{platform}/waitlist/form").status_code == 404


def test_without_a_secret_nobody_is_believed(sqlite_url: str, tmp_path: Path) -> None:
    with doorstep(tmp_path, sqlite_url) as door:
        shop = door.resident("shopify")
        assert asked(door, signed(pairs_of(shop), "")).status_code == 401


@pytest.mark.parametrize("case", cases("app_proxy_signature"), ids=named)
def test_published_signatures_are_long_stale(door: Doorstep, line: Heard, case: dict[str, Any]) -> None:
    """That the true ones among them are known for true, tests/integrations/shopify tell."""
    assert asked(door, case["query_string"]).status_code == 401


@pytest.mark.parametrize("query", ["%ff=%00&shop=%ff", "&&&=", "shop[]=x", "a=" + "x" * 5000])
def test_strange_addresses_are_refused_and_not_stumbled_over(door: Doorstep, line: Heard, query: str) -> None:
    assert asked(door, query).status_code == 401
