"""Every page there is, by name, of a Kontor in which something has happened: for
whoever looks at all of them."""

import re

from playwright.sync_api import Page

from tests.support.live import Live

FLOW = "/flows/cart_recovery"
HERS = {
    "overview": "",
    "guide": "/guide",
    "settings": "/settings",
    "sender": "/sender",
    "mail-server": "/mail-server",
    "data": "/data",
    "data-erase": "/data/erase",
    "demand": "/demand",
    "flow": FLOW,
    "mode-off": f"{FLOW}/mode/off",
    "look-back": f"{FLOW}/look-back",
    "words-incentive": f"{FLOW}/steps/3?language=de",
    "words-answers": f"{FLOW}/steps/2?language=en",
}
OPEN = {
    "connect": "/connect/woocommerce",
    "sign-in": "/sign-in",
    "privacy": "/privacy",
    "support": "/support",
    "imprint": "/imprint",
    "data-processing": "/data-processing",
    "unknown": "/no-such-page",
    "design": "/design",
}
# One comes to these from the page before.
LINKED = {
    "activity": "a[href$='/activity']",
    "detail": ".entry:has(.is-done) .entry-title a",
    "message": "a[href*='/messages/']",
    "mailbox": "a[href$='/mailbox']",
    "mail": "a.mail",
}


def all_pages(live: Live, page: Page, language: str) -> dict[str, str]:
    """The address of each; `page` has told the sandbox's story and sees them all."""
    page.goto(f"{live.url}/sandbox?lang={language}")
    settings = page.locator("a[href$='/settings']").get_attribute("href")
    hers = f"{live.url}{settings}".removesuffix("/settings")
    found = {"sandbox": page.url.partition("?")[0]} | {name: hers + path for name, path in HERS.items()}
    for name, link in LINKED.items():
        page.locator(link).first.click()
        page.wait_for_load_state()
        found[name] = page.url
    found["activity-nobody"] = f"{found['activity']}?q=nobody@example.com"
    found["waitlist"] = f"{hers.replace('/m/', '/s/')}/waitlist?variant=mug&locale={language}"
    found["unsubscribe"] = _unsubscribing(page)
    found["person"] = _of_a_person(page, found["data"])
    return found | _of_a_store(live, page) | {name: live.url + path for name, path in OPEN.items()}


def _unsubscribing(page: Page) -> str:
    """As the mail that is shown links to it."""
    page.locator("summary", has_text=re.compile("text", re.IGNORECASE)).first.click()
    link = re.search(r"http\S+/u/\S+", page.locator("pre.raw").first.inner_text())
    assert link, "a mail without a way out"
    return link[0]


def _of_a_person(page: Page, data: str) -> str:
    page.goto(data)
    page.locator("#email").fill("anna@example.com")
    page.locator("form[action$='/data/look'] button").click()
    page.wait_for_load_state()
    return page.url


def _of_a_store(live: Live, page: Page) -> dict[str, str]:
    """A shop just connected, in which nothing has happened."""
    entrance = re.search(r"http\S+/dev/sign-in/(\S+)", live.command("merchant-add", "woocommerce"))
    assert entrance
    page.goto(entrance[0])
    hers = f"{live.url}/m/{entrance[1]}"
    empty = {"overview-new": hers, "activity-new": page.url.partition("?")[0]}
    return empty | {"connection": f"{hers}/connection", "look-back-new": f"{hers}{FLOW}/look-back"}
