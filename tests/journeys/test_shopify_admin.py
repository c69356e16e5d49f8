"""A merchant installs Kontor in her Shopify admin and works with it there, in a browser that keeps no third
party's cookies; the admin and App Bridge are played, Shopify's API is the fake one."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Frame,
    FrameLocator,
    Page,
    Request,
    Route,
    expect,
)
from sqlalchemy import select, update

import app
from core.db import reading, transaction
from core.models.tables import decisions, enrolments, merchants
from engine import changes
from engine.machine import Machine
from flows import CATALOGUE
from tests.fakes.shopify import FakeShopify, Shop
from tests.support.chromium import chromium_path
from tests.support.kontor import development
from tests.support.live import ARGUMENTS, Live, start
from tests.web.in_admin import CLIENT_ID, SCOPES, SECRET, at_fake

pytestmark = pytest.mark.browser

APP_BRIDGE = Path(__file__).parents[1] / "fakes" / "app_bridge.js"
BLOCKED = {"profile": {"cookie_controls_mode": 1, "block_third_party_cookies": True}}
# Our pages are on this machine, and the admin's is not: a browser asks before it frames such.
NEAR = "--disable-features=LocalNetworkAccessChecks"
ADMIN_PAGE = """<!doctype html><html lang="en"><head><title>Admin</title>
<style>body {{ margin: 0; display: grid; grid-template-columns: 9rem 1fr; }}
@media (max-width: 600px) {{ body {{ grid-template-columns: 1fr; }} }}
a {{ display: block; padding: .5rem; }} iframe {{ border: 0; width: 100%; height: 95vh; }}</style></head>
<body><nav id="menu"></nav><iframe name="app" title="Kontor" src="{source}"></iframe>
<script>addEventListener("message", (event) => {{
  if (event.origin !== "{origin}") return;
  menu.replaceChildren(...event.data.menu.map(([name, href]) => {{
    const link = document.createElement("a");
    Object.assign(link, {{ textContent: name, href, target: "app" }});
    return link;
  }}));
}});</script></body></html>"""


@dataclass
class Desk:
    """The merchant's screen: Shopify's admin, and our pages in its frame."""

    page: Page
    live: Live
    shopify: FakeShopify
    shop: Shop
    requests: list[Request] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def open(self, path: str = "/shopify") -> None:
        """As she clicks on the app in the admin."""
        self.source = self.shopify.open_url(self.shop, path, locale="en")
        self.page.goto(f"https://admin.shopify.com/store/beans/apps/{CLIENT_ID}")

    @property
    def app(self) -> FrameLocator:
        return self.page.frame_locator("iframe[name=app]")

    @property
    def frame(self) -> Frame:
        found = self.page.frame("app")
        assert found
        return found

    @property
    def address(self) -> str:
        return self.frame.url

    def show(self, route: Route) -> None:
        body = ADMIN_PAGE.format(source=self.source.replace("&", "&amp;"), origin=self.live.url)
        route.fulfill(content_type="text/html", body=body)

    def note(self, request: Request) -> None:
        self.requests.append(request)

    def hear(self, message: ConsoleMessage) -> None:
        """Kontor is reached without TLS here, which the browser remarks of every picture."""
        if not message.text.startswith("Mixed Content"):
            self.complaints.append(message.text)

    def stale(self) -> str:
        begun = int(self.shopify.now().timestamp()) - 300
        return self.shopify.id_token(self.shop, iat=begun, nbf=begun, exp=begun + 60)

    def asked(self, path: str) -> int:
        return len([one for one in self.requests if urlsplit(one.url).path == path])


@pytest.fixture
def shopify() -> Iterator[FakeShopify]:
    with FakeShopify("http://localhost", CLIENT_ID, SECRET) as fake:
        yield fake


@pytest.fixture
def settings() -> dict[str, str]:
    """What a story sets besides."""
    return {}


@pytest.fixture
def kontor(tmp_path: Path, shopify: FakeShopify, settings: dict[str, str]) -> Iterator[Live]:
    live = start(tmp_path, **at_fake(shopify), **settings)
    shopify.app_url = live.url
    shopify.hooks.url = f"{live.url}/webhooks/shopify"
    yield live
    live.stop()


@pytest.fixture
def machine(kontor: Live, tmp_path: Path) -> Iterator[Machine]:
    """To look into what the running Kontor remembers, and to switch things on."""
    made, _, _ = app.build(development(tmp_path))
    yield made
    made.db.dispose()


@pytest.fixture
def window(browser: Browser, tmp_path: Path) -> Iterator[BrowserContext]:
    """A browser that keeps no cookies of third parties."""
    folder = tmp_path / "browser"
    (folder / "Default").mkdir(parents=True)
    (folder / "Default" / "Preferences").write_text(json.dumps(BLOCKED))
    opened = browser.browser_type.launch_persistent_context(
        folder, executable_path=chromium_path(), args=[*ARGUMENTS, NEAR], locale="en-GB"
    )
    opened.set_default_timeout(20_000)
    yield opened
    opened.close()


@pytest.fixture
def desk(window: BrowserContext, kontor: Live, shopify: FakeShopify) -> Desk:
    shop = shopify.add_shop("beans.myshopify.com", scopes=SCOPES)
    page = window.new_page()
    page.set_viewport_size({"width": 1280, "height": 900})
    desk = Desk(page, kontor, shopify, shop)
    page.on("request", desk.note)
    page.on("console", desk.hear)
    page.expose_function("standInIdToken", lambda key: shopify.id_token(shop) if key == CLIENT_ID else "")
    window.route(
        "https://cdn.shopify.com/shopifycloud/app-bridge.js", lambda route: route.fulfill(path=APP_BRIDGE)
    )
    window.route("https://admin.shopify.com/**", desk.show)
    return desk


def test_she_installs_looks_around_comes_back_later_and_is_never_asked_to_sign_in(
    desk: Desk, machine: Machine
) -> None:
    desk.open()
    expect(desk.app.get_by_role("heading", name="Nothing needs you")).to_be_visible()
    a_cart_is_left(desk, machine)
    look_around(desk)
    the_token_ends(desk)
    decide_about_a_blast(desk, machine)
    come_from_outside(desk)
    no_cookie_was_sent_or_kept(desk)
    assert desk.complaints == []


def a_cart_is_left(desk: Desk, machine: Machine) -> None:
    """She has switched a flow on; the worker hears of a cart and decides within moments."""
    with reading(machine.db) as db:
        merchant_id = db.execute(select(merchants.c.id).where(merchants.c.platform == "shopify")).scalar_one()
    changes.set_mode(machine, merchant_id, CATALOGUE["cart_recovery"], "live", "Ada")
    mug = desk.shop.add_product("Mug")
    # Shopify tells times in whole seconds; the cart must be younger than the switch.
    desk.page.wait_for_timeout(1100)
    desk.shop.leave_checkout("ada@example.test", [(mug.variants[0], 1)], accepts_marketing=True)
    for _ in range(80):
        with reading(machine.db) as db:
            if db.execute(select(decisions.c.id)).first():
                break
        desk.page.wait_for_timeout(250)
    desk.page.locator("#menu").get_by_text("Activity").click()
    expect(desk.app.locator(".entry-title a").first).to_be_visible()


def look_around(desk: Desk) -> None:
    """Links, the language, a search and the admin's own menu."""
    desk.app.locator(".entry-title a").first.click()
    expect(desk.app.get_by_role("heading", name="What the shop told")).to_be_visible()
    desk.app.get_by_role("link", name="All activity").click()
    desk.app.get_by_label("E-mail address or order number").fill("ada@example.test")
    desk.app.get_by_role("button", name="Show", exact=True).click()
    desk.frame.wait_for_url(lambda url: "q" in parse_qs(urlsplit(url).query))
    expect(desk.app.locator(".entry")).to_have_count(1)
    assert "ada" not in desk.address
    desk.app.get_by_role("link", name="Deutsch").click()
    expect(desk.app.get_by_role("heading", name="Verlauf", exact=True)).to_be_visible()
    desk.app.locator(".entry-title a").first.click()
    expect(desk.app.get_by_role("heading", name="Was der Shop gemeldet hat")).to_be_visible()
    desk.app.get_by_role("link", name="English").click()
    desk.page.locator("#menu").get_by_text("Mailbox").click()
    expect(desk.app.get_by_role("heading", name="Mailbox")).to_be_visible()
    desk.page.locator("#menu").get_by_text("Activity").click()
    expect(desk.app.get_by_role("search")).to_be_visible()


def the_token_ends(desk: Desk) -> None:
    """She reloads a page whose token ended long ago, and goes on as if nothing were."""
    patched = desk.asked("/shopify/again")
    old = re.sub(r"id_token=[^&]+", f"id_token={desk.stale()}", desk.address)
    desk.frame.goto(re.sub(r"asked-again=\d+", "asked-again=1", old))
    expect(desk.app.get_by_role("search")).to_be_visible()
    desk.frame.wait_for_url(re.compile("/activity"))
    assert desk.asked("/shopify/again") == patched + 1
    answer = desk.frame.evaluate("async () => (await fetch(location.pathname)).status")
    assert answer == 200


def decide_about_a_blast(desk: Desk, machine: Machine) -> None:
    """She looks at the page for longer than its token lives, then presses a button."""
    with transaction(machine.db) as db:
        db.execute(update(enrolments).values(state="held"))
    desk.page.locator("#menu").get_by_text("Activity").click()
    button = desk.app.get_by_role("button", name="Discard: nobody gets anything")
    expect(button).to_be_visible()
    make_old = (
        "(old) => document.querySelectorAll('input[name=id_token]').forEach((one) => { one.value = old })"
    )
    desk.frame.evaluate(make_old, desk.stale())
    button.click()
    expect(desk.app.get_by_text("1 person gets nothing.")).to_be_visible()
    expect(button).not_to_be_visible()


def come_from_outside(desk: Desk) -> None:
    """A page opened in a window of its own goes into the admin."""
    path = urlsplit(desk.address).path
    sent = desk.page.request.get(f"{desk.live.url}{path}", max_redirects=0)
    assert sent.headers["location"] == f"https://admin.shopify.com/store/beans/apps/{CLIENT_ID}{path}"
    desk.open(path)
    expect(desk.app.get_by_role("search")).to_be_visible()


def no_cookie_was_sent_or_kept(desk: Desk) -> None:
    ours = [one for one in desk.requests if one.url.startswith(desk.live.url)]
    assert len(ours) > 10
    assert [one.url for one in ours if "cookie" in one.all_headers()] == []
    assert desk.page.context.cookies() == []


@pytest.mark.parametrize("width", [1280, 390])
def test_inside_the_admin_every_page_can_be_read_by_everybody(
    desk: Desk, machine: Machine, width: int, tmp_path: Path
) -> None:
    desk.page.set_viewport_size({"width": width, "height": 900})
    desk.open()
    expect(desk.app.get_by_role("heading", name="Nothing needs you")).to_be_visible()
    a_cart_is_left(desk, machine)
    names = desk.page.locator("#menu a").all_inner_texts()
    faults = []
    for name in names:
        desk.page.locator("#menu").get_by_text(name).click()
        expect(desk.app.get_by_role("heading", name=name, exact=True)).to_be_visible()
        found = Axe().run(desk.frame)
        faults += [f"{name}: {found.generate_snapshot()}"] if found.violations_count else []
        desk.page.screenshot(path=tmp_path / f"{name}-{width}.png")
    assert len(names) >= 2
    assert faults == []
