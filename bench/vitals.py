"""How quickly her pages are there, hold still and answer on a slow phone: LCP, CLS and INP.

A phone's Chromium with nothing cached, four times slower than this machine, at
150 ms and 1.6 Mbit/s, as Lighthouse imagines a phone on a slow 4G line. The
slowest page counts.
"""

import statistics
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from playwright.sync_api import Browser, Page, sync_playwright

from bench.figures import Figure
from bench.servers import Servers
from tests.screenshots import tell_the_story
from tests.support.all_pages import all_pages
from tests.support.chromium import chromium_path
from tests.support.live import ARGUMENTS, Live, start

ROUNDS = 5
PAGES = ("overview", "activity", "settings", "guide", "flow", "words-incentive", "connection")
WIDTH, HEIGHT = 390, 844
SLOWER = 4
LINE = {"offline": False, "latency": 150, "downloadThroughput": 1.6e6 / 8, "uploadThroughput": 0.75e6 / 8}
LCP_MS, CLS, INP_MS = 1200.0, 0.05, 100.0
# In the page before anything of its own: the newest largest paint, all shifts
# nobody asked for, and how long each tap or key waited for what it changed.
WATCH = """
window.seen = {lcp: 0, cls: 0, inp: 0};
const each = (options, tell) => new PerformanceObserver(list => list.getEntries().forEach(tell))
  .observe({buffered: true, ...options});
each({type: 'largest-contentful-paint'}, entry => seen.lcp = entry.startTime);
each({type: 'layout-shift'}, entry => seen.cls += entry.hadRecentInput ? 0 : entry.value);
each({type: 'event', durationThreshold: 16},
  entry => seen.inp = Math.max(seen.inp, entry.interactionId ? entry.duration : 0));
"""


class Seen(NamedTuple):
    """Milliseconds, a share of the window, milliseconds."""

    lcp: float
    cls: float
    inp: float


def figures(servers: Servers) -> list[Figure]:
    path = chromium_path()
    if path is None:
        return []
    kontor = start(servers.folder)
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
            state, addresses = _hers(browser, kontor)
            pages = [_middle(browser, state, address) for address in addresses]
            browser.close()
    finally:
        kontor.stop()
    lcp, cls, inp = zip(*pages, strict=True)
    return [
        _slowest("lcp", "the largest part of a page is seen, slow phone", lcp, "ms", LCP_MS),
        _slowest("cls", "a page moves while it comes, share of the window", cls, "", CLS),
        _slowest("inp", "a tap or a key is answered, slow phone", inp, "ms", INP_MS),
    ]


def _slowest(key: str, what: str, pages: Sequence[float], unit: str, at_most: float) -> Figure:
    return Figure(key, what, max(pages), unit, at_most, "lower", tuple(pages), unit)


def _hers(browser: Browser, kontor: Live) -> tuple[Any, list[str]]:
    """Who is signed in, and her pages of a shop in which something has happened."""
    page = browser.new_page()
    tell_the_story(page, kontor.url, "en")
    pages = all_pages(kontor, page, "en")
    state = page.context.storage_state()
    page.context.close()
    return state, [pages[name] for name in PAGES]


def _middle(browser: Browser, state: Any, address: str) -> Seen:
    rounds = [_look(browser, state, address) for _ in range(ROUNDS)]
    return Seen(*(statistics.median(values) for values in zip(*rounds, strict=True)))


def _look(browser: Browser, state: Any, address: str) -> Seen:
    with _slow_phone(browser, state) as page:
        page.goto(address, wait_until="load")
        page.wait_for_timeout(300)
        _use(page)
        page.wait_for_timeout(300)
        seen: dict[str, Any] = page.evaluate("window.seen")
    return Seen(**seen)


@contextmanager
def _slow_phone(browser: Browser, state: Any) -> Iterator[Page]:
    context = browser.new_context(
        viewport={"width": WIDTH, "height": HEIGHT},
        is_mobile=True,
        has_touch=True,
        device_scale_factor=2,
        storage_state=state,
    )
    page = context.new_page()
    page.add_init_script(WATCH)
    control = context.new_cdp_session(page)
    control.send("Network.enable")
    control.send("Network.emulateNetworkConditions", LINE)
    control.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
    yield page
    context.close()


def _use(page: Page) -> None:
    """Open what folds, tick what can be ticked, type where one can, and move on by key."""
    for part in ("summary", "input[type=checkbox]"):
        for found in page.locator(f"main {part}:visible").all()[:3]:
            found.tap()
    for found in page.locator("main :is(input[type=text], textarea):visible").all()[:1]:
        found.press_sequentially("abc")
    for _ in range(3):
        page.keyboard.press("Tab")
