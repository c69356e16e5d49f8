"""A merchant connects her WooCommerce store in a browser, from its address to webhooks that are active."""

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.fakes.woocommerce import OWNER, Store, woocommerce_store
from tests.support.certificates import make_authority
from tests.support.live import start
from tests.support.starting import free_port
from web.fakes.front import front

pytestmark = pytest.mark.browser


@dataclass
class Standing:
    """Kontor behind TLS with its worker, and a store that trusts it."""

    url: str
    store: Store


@pytest.fixture
def settings() -> dict[str, str]:
    """What a story sets besides."""
    return {}


@pytest.fixture
def standing(tmp_path: Path, settings: dict[str, str]) -> Iterator[Standing]:
    ours = make_authority("localhost")
    chain, authority = tmp_path / "host.pem", tmp_path / "authority.pem"
    chain.write_bytes(ours.host_chain)
    authority.write_bytes(ours.certificate)
    at = free_port()
    told = {
        "APP_URL": f"https://localhost:{at}",
        "ALLOW_PRIVATE_SHOPS": "1",
        "EXTRA_CA_FILE": str(authority),
        "TRUSTED_PROXIES": "0",
    }
    with ExitStack() as up:
        store = up.enter_context(woocommerce_store(authorities=[ours.certificate], authority=ours))
        live = start(tmp_path, **told, **settings)
        up.callback(live.stop)
        up.enter_context(_front(at, int(live.url.rsplit(":", 1)[1]), chain))
        yield Standing(told["APP_URL"], store)


@contextmanager
def _front(at: int, behind: int, chain: Path) -> Iterator[None]:
    """In a thread of its own: Playwright's loop has this one."""
    up, done = threading.Event(), threading.Event()

    def stand() -> None:
        with front(at, behind, chain):
            up.set()
            done.wait()

    thread = threading.Thread(target=stand, daemon=True)
    thread.start()
    assert up.wait(10)
    yield
    done.set()
    thread.join(10)


@pytest.fixture
def hers(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(locale="en-GB", ignore_https_errors=True)
    context.set_default_timeout(20_000)
    yield context.new_page()
    context.close()


def test_from_the_stores_address_to_active_webhooks(standing: Standing, hers: Page) -> None:
    faults: list[str] = []
    hers.goto(f"{standing.url}/connect/woocommerce")
    faults += unreadable(hers)
    hers.get_by_label("Address of your shop").fill(standing.store.url)
    hers.get_by_label("Your e-mail address").fill(OWNER[0])
    hers.keyboard.press("Enter")
    hers.get_by_label("Username or email address").fill(OWNER[1])
    hers.get_by_label("Password").fill(OWNER[2])
    hers.get_by_role("button", name="Login").click()
    hers.get_by_role("link", name="Approve").click()
    expect(hers.get_by_role("heading", name="Is this your shop?")).to_be_visible()
    expect(hers.get_by_text("Mugs & More")).to_be_visible()
    faults += unreadable(hers)
    hers.get_by_role("button", name="Yes, connect it").click()
    expect(hers.get_by_text("Your shop is connected.")).to_be_visible()
    faults += unreadable(hers)
    hers.get_by_role("link", name="Connection", exact=True).click()
    webhooks = hers.get_by_role("region", name="What the shop tells by itself")
    for _ in range(20):
        if webhooks.get_by_text("active", exact=True).count():
            break
        hers.wait_for_timeout(500)
        hers.reload()
    expect(webhooks.get_by_text("active", exact=True)).to_have_count(12)
    for language in ("en", "de"):
        hers.goto(f"{hers.url.partition('?')[0]}?lang={language}")
        faults += unreadable(hers)
    hers.goto(f"{standing.url}/sign-in?lang=en")
    faults += unreadable(hers)
    assert faults == []


def unreadable(page: Page) -> list[str]:
    """What keeps somebody from reading this page, by day and by night, wide and narrow."""
    found = []
    for scheme, width in (("light", 1280), ("dark", 390)):
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        page.set_viewport_size({"width": width, "height": 900})
        seen = Axe().run(page)
        found += [f"{page.url} {scheme}: {seen.generate_snapshot()}"] if seen.violations_count else []
        wide = page.evaluate("document.documentElement.scrollWidth")
        found += [f"{page.url} scrolls sideways: {wide} > {width}"] if wide > width else []
    return found
