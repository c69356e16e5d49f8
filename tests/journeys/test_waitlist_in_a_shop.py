"""A shopper signs up on a shop's own page: the theme's block, Shopify's app proxy and the running Kontor."""

import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect
from sqlalchemy import select

import app
from core.db import reading
from core.models.tables import mailbox_messages, merchants, sign_ups, variants
from engine.machine import Machine
from tests.fakes.shopify import FakeShopify, Shop
from tests.fakes.shopify.storefront import Storefront
from tests.support.kontor import development
from tests.support.live import Live, start
from tests.support.waiting import switch
from tests.web.in_admin import CLIENT_ID, SCOPES, SECRET, at_fake

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]

SHOP = "https://beans.myshopify.com"


@pytest.fixture
def shopify() -> Iterator[FakeShopify]:
    with FakeShopify("http://localhost", CLIENT_ID, SECRET) as fake:
        yield fake


@pytest.fixture
def kontor(tmp_path: Path, shopify: FakeShopify) -> Iterator[Live]:
    live = start(tmp_path, **at_fake(shopify))
    shopify.app_url = live.url
    shopify.hooks.url = f"{live.url}/webhooks/shopify"
    yield live
    live.stop()


@pytest.fixture
def machine(kontor: Live, tmp_path: Path) -> Iterator[Machine]:
    made, _, _ = app.build(development(tmp_path))
    yield made
    made.db.dispose()


@pytest.fixture
def shop(shopify: FakeShopify, kontor: Live, machine: Machine) -> Shop:
    """Connected by being opened in the admin; its blue mug has just been sold out, and its line is open."""
    shop = shopify.add_shop("beans.myshopify.com", scopes=SCOPES)
    mug = shop.add_product("Mug", variants=("Red", "Blue"))
    with urllib.request.urlopen(shopify.open_url(shop, "/shopify"), timeout=10) as page:  # noqa: S310 - Our own app.
        assert page.status == 200
    switch(machine, merchant_id(machine))
    shop.sell_out(mug.variants[1])
    sold_out = select(variants.c.id).where(variants.c.stock_kind == "none")
    eventually(machine, sold_out)
    return shop


def merchant_id(machine: Machine) -> int:
    with reading(machine.db) as db:
        found = select(merchants.c.id).where(merchants.c.platform == "shopify")
        return int(db.execute(found).scalar_one())


def eventually(machine: Machine, wanted: Any) -> Any:
    ends = time.monotonic() + 30
    while time.monotonic() < ends:
        with reading(machine.db) as db:
            row = db.execute(wanted).first()
        if row is not None:
            return row
        time.sleep(0.1)
    raise AssertionError(f"it never came: {wanted}")


def served(page: Page, store: Storefront) -> list[str]:
    """The browser is led to the stand-in; what it asked Kontor for."""
    asked: list[str] = []

    def answer(route: Route) -> None:
        request = route.request
        if "/apps/" in request.url:
            asked.append(f"{request.method} {request.url.removeprefix(SHOP).partition('?')[0]}")
        told = store.serve(request.method, request.url, request.post_data_buffer or b"")
        route.fulfill(status=told.status, body=told.body, content_type=told.kind)

    page.context.route(f"{SHOP}/**", answer)
    return asked


@pytest.mark.parametrize("locale", ["en", "de"])
def test_from_the_sold_out_variant_into_its_line(
    page: Page, shop: Shop, shopify: FakeShopify, machine: Machine, locale: str
) -> None:
    asked = served(page, Storefront(shopify, shop, locale=locale))
    page.goto(f"{SHOP}/products/mug")
    _red, blue = shop.memory.variants()
    page.locator("#choice").select_option(str(blue.number))
    box = page.locator("kontor-waitlist")
    email, button = box.locator("[data-email]"), box.get_by_role("button")
    expect(email).to_be_visible()
    assert asked == []
    # As a program would: the form is sent in the moment in which it was looked at.
    email.fill("anna@example.com")
    button.click()
    too_quick = {"en": "quicker than a person", "de": "schneller, als ein Mensch"}[locale]
    expect(page.get_by_role("alert")).to_contain_text(too_quick)
    agreed = box.locator("[data-text]").inner_text()
    assert "Mug, Blue" in agreed
    page.wait_for_timeout(2_100)
    button.click()
    expect(page.get_by_role("status")).to_contain_text({"en": "Almost done", "de": "Fast geschafft"}[locale])
    form = "GET /apps/kontor/waitlist/form"
    assert asked == [form, *["POST /apps/kontor/waitlist"] * 2]
    assert page.evaluate("window.shifts") == []
    row = eventually(machine, select(sign_ups))
    assert (row.state, row.text, row.locale) == ("unconfirmed", agreed, locale)
    eventually(machine, select(mailbox_messages))
