"""The form beside a sold-out variant, in a real browser: on a shop's page as its theme shows it."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Locator, Page, Route, expect

from tests.fakes.shopify import FakeShopify
from tests.fakes.shopify.records import Variant
from tests.fakes.shopify.storefront import Storefront

pytestmark = pytest.mark.browser

SHOP = "https://beans.myshopify.com"
# How a theme may tell of another choice; see theme.html.
WAYS = ("form", "change", "address", "select", "theme")
TEXTS = {
    "en": "Write to me at this address as soon as Mug, Blue is back in stock at Beans & Sons. "
    "I can leave the waiting list at any time.",
    "de": "Schreiben Sie mir an diese Adresse, sobald Mug, Blue bei Beans & Sons wieder lieferbar ist. "
    "Von der Warteliste kann ich mich jederzeit abmelden.",
}
TAKEN = {"state": "unconfirmed", "message": "Please look into your mailbox.", "place": 3}


@dataclass
class Counter:
    """A shopper before the page of a mug whose blue variant is sold out; `heard` is what reached
    Kontor, `says` what Kontor answers to a wish."""

    page: Page
    store: Storefront
    says: tuple[int, Any] = (200, TAKEN)
    heard: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.context.route(f"{SHOP}/**", self.answer)
        self.page.on("console", lambda said: self.complaints.append(said.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def answer(self, route: Route) -> None:
        asked = urlsplit(route.request.url)
        if asked.path.startswith("/apps/"):
            return self._kontors(route)
        served = self.store.serve(route.request.method, route.request.url)
        return route.fulfill(status=served.status, body=served.body, content_type=served.kind)

    def _kontors(self, route: Route) -> None:
        asked, posted = urlsplit(route.request.url), route.request.post_data
        assert route.request.headers["accept"] == "application/json"
        fields = dict(parse_qsl(posted or asked.query, True))
        self.heard.append((f"{route.request.method} {asked.path}", fields))
        signed = {"form": "signed", "text": TEXTS[fields["locale"]], "available": False}
        status, told = self.says if posted else (200, signed)
        body = told if isinstance(told, str) else json.dumps(told)
        route.fulfill(status=status, body=body, content_type="application/json")

    # The page.

    def open(self, variant: Variant | None = None, **store: Any) -> None:
        for name, value in store.items():
            setattr(self.store, name, value)
        self.page.goto(f"{SHOP}/products/mug" + (f"?variant={variant.number}" if variant else ""))

    def choose(self, variant: Variant | None) -> None:
        self.page.locator("#choice").select_option(str(variant.number) if variant else "")

    @property
    def red(self) -> Variant:
        return self._mug()[0]

    @property
    def blue(self) -> Variant:
        return self._mug()[1]

    @property
    def green(self) -> Variant:
        return self._mug()[2]

    def _mug(self) -> list[Variant]:
        return next(iter(self.store.shop.memory.products.values())).variants

    @property
    def email(self) -> Locator:
        return self.page.locator("kontor-waitlist [data-email]")

    @property
    def button(self) -> Locator:
        return self.page.locator("kontor-waitlist [data-send]")

    def sign_up(self, email: str = "anna@example.com") -> None:
        self.email.fill(email)
        self.button.click()

    def moved(self) -> list[float]:
        """What the browser saw jump, also just after a key or a click."""
        self.page.wait_for_timeout(150)
        found: list[float] = self.page.evaluate("window.shifts")
        return found

    def asked(self, what: str) -> list[dict[str, str]]:
        return [told for name, told in self.heard if name == what]


FORM, WISH = "GET /apps/kontor/waitlist/form", "POST /apps/kontor/waitlist"


@pytest.fixture
def counter(page: Page) -> Iterator[Counter]:
    page.set_default_timeout(10_000)
    yield from at_the_counter(page)


def at_the_counter(page: Page) -> Iterator[Counter]:
    fake = FakeShopify()
    shop = fake.add_shop("beans.myshopify.com")
    mug = shop.add_product("Mug", variants=("Red", "Blue", "Green"))
    for variant in mug.variants[1:]:
        shop.sell_out(variant, silent=True)
    counter = Counter(page, Storefront(fake, shop))
    yield counter
    assert counter.complaints == []


@pytest.mark.parametrize("telling", WAYS)
def test_the_form_is_there_for_a_sold_out_variant_alone_and_nothing_moves(
    counter: Counter, telling: str
) -> None:
    counter.open(telling=telling)
    expect(counter.email).to_be_hidden()
    counter.choose(counter.blue)
    expect(counter.email).to_be_visible()
    counter.choose(counter.red)
    expect(counter.email).to_be_hidden()
    counter.choose(counter.green)
    expect(counter.email).to_be_visible()
    assert counter.moved() == []
    assert counter.heard == []


def test_whoever_comes_for_the_sold_out_variant_sees_the_form_at_once(
    counter: Counter, browser: Browser
) -> None:
    counter.open(counter.blue)
    expect(counter.email).to_be_visible()
    assert counter.moved() == []
    assert counter.heard == []
    bare = browser.new_context(java_script_enabled=False)
    bare.route(f"{SHOP}/**", counter.answer)
    still = bare.new_page()
    still.goto(counter.page.url)
    expect(still.locator("kontor-waitlist [data-email]")).to_be_visible()
    bare.close()


def test_a_choice_that_there_is_not_has_no_line(counter: Counter) -> None:
    counter.open(counter.blue, telling="select")
    counter.choose(None)
    expect(counter.email).to_be_hidden()


def test_another_products_variants_say_nothing_about_this_one(counter: Counter) -> None:
    counter.open(counter.blue)
    counter.page.evaluate(
        """() => {
            const told = {bubbles: true, detail: {variant: {id: 7}}};
            document.body.dispatchEvent(new CustomEvent("variant:change", told));
            history.replaceState({}, "", "?variant=constructor");
            document.querySelector("#buy [name=id]").value = "__proto__";
            document.body.click();
        }"""
    )
    counter.page.wait_for_timeout(1500)
    expect(counter.email).to_be_visible()


def test_she_signs_up_and_is_told_what_comes_next(counter: Counter) -> None:
    counter.open()
    counter.choose(counter.blue)
    expect(counter.email).to_be_visible()
    with counter.page.expect_response("**/waitlist/form?*"):
        counter.email.focus()
    assert counter.heard == [(FORM, {"variant": str(counter.blue.number), "locale": "en"})]
    counter.sign_up()
    told = counter.page.get_by_role("status")
    expect(told).to_have_text("Please look into your mailbox.")
    expect(told).to_be_focused()
    expect(counter.email).to_be_hidden()
    wish = {"email": "anna@example.com", "locale": "en", "form": "signed", "website": ""}
    assert counter.asked(WISH) == [wish | {"variant": str(counter.blue.number)}]
    assert len(counter.heard) == 2
    assert counter.moved() == []


def test_another_sold_out_variant_has_a_line_of_its_own(counter: Counter) -> None:
    counter.open(counter.blue)
    counter.sign_up()
    expect(counter.page.get_by_role("status")).to_have_text("Please look into your mailbox.")
    counter.choose(counter.green)
    expect(counter.email).to_be_visible()
    expect(counter.page.get_by_role("status")).to_have_text("")
    counter.button.click()
    expect(counter.page.get_by_role("status")).to_have_text("Please look into your mailbox.")
    wished = [one["variant"] for one in counter.asked(WISH)]
    assert wished == [str(counter.blue.number), str(counter.green.number)]
    assert [one["variant"] for one in counter.asked(FORM)] == wished


def test_she_needs_no_mouse(counter: Counter) -> None:
    counter.open(counter.blue)
    counter.page.get_by_role("button", name="Add to cart").focus()
    counter.page.keyboard.press("Tab")
    expect(counter.email).to_be_focused()
    counter.page.keyboard.type("anna@example.com")
    counter.page.keyboard.press("Tab")
    expect(counter.button).to_be_focused()
    counter.page.keyboard.press("Shift+Tab")
    counter.page.keyboard.press("Enter")
    expect(counter.page.get_by_role("status")).to_be_focused()


@pytest.mark.parametrize("typed", ["", "   ", "anna", "anna@", "@example.com", "a b@example.com"])
def test_what_is_no_address_is_said_where_it_was_typed_and_sent_nowhere(counter: Counter, typed: str) -> None:
    counter.open(counter.blue)
    counter.sign_up(typed)
    said = counter.page.get_by_role("alert")
    expect(said).to_have_text("Please enter a complete e-mail address, such as anna@example.com.")
    expect(counter.email).to_be_focused()
    expect(counter.email).to_have_attribute("aria-invalid", "true")
    described = (counter.email.get_attribute("aria-describedby") or "").split()
    assert said.get_attribute("id") in described
    assert counter.asked(WISH) == []
    counter.email.fill("anna@example.com")
    expect(said).to_have_text("")
    expect(counter.email).to_have_attribute("aria-invalid", "false")
    counter.button.click()
    expect(counter.page.get_by_role("status")).to_have_text("Please look into your mailbox.")
    assert counter.moved() == []


def test_what_kontor_objects_to_is_read_out_and_can_be_mended(counter: Counter) -> None:
    counter.says = (422, {"state": "invalid", "message": "Nobody can be reached at that address."})
    counter.open(counter.blue)
    counter.sign_up("anna@nowhere.example")
    expect(counter.page.get_by_role("alert")).to_have_text("Nobody can be reached at that address.")
    expect(counter.email).to_be_focused()
    expect(counter.email).to_have_value("anna@nowhere.example")
    assert counter.moved() == []
    counter.says = (200, TAKEN)
    counter.sign_up()
    expect(counter.page.get_by_role("status")).to_be_focused()
    # The form that was signed when she came to it is good for another try: a fresh one would be too fresh.
    assert len(counter.asked(FORM)) == 1
    counter.complaints.clear()  # The browser remarks on each answer of the kind 4xx.


@pytest.mark.parametrize("answer", [(502, "<h1>Bad gateway</h1>"), (200, "no json"), (500, {"x": 1})])
def test_what_goes_wrong_on_the_way_is_said_and_loses_nothing(
    counter: Counter, answer: tuple[int, Any]
) -> None:
    counter.says = answer
    counter.open(counter.blue)
    counter.sign_up()
    if answer[0] == 200:
        expected = "That did not work just now. Please try again in a moment."
        expect(counter.page.get_by_role("alert")).to_have_text(expected)
    expect(counter.page.get_by_role("alert")).to_contain_text("did not work just now")
    expect(counter.email).to_have_value("anna@example.com")
    counter.says = (200, TAKEN)
    counter.button.click()
    expect(counter.page.get_by_role("status")).to_be_focused()
    counter.complaints.clear()


def test_without_a_line_she_hears_that_it_did_not_work(counter: Counter) -> None:
    counter.open(counter.blue)
    counter.page.context.set_offline(True)
    counter.page.context.route(f"{SHOP}/apps/**", lambda route: route.abort())
    counter.sign_up()
    expect(counter.page.get_by_role("alert")).to_contain_text("did not work just now")
    counter.page.context.unroute(f"{SHOP}/apps/**")
    counter.page.context.set_offline(False)
    counter.button.click()
    expect(counter.page.get_by_role("status")).to_be_focused()
    counter.complaints.clear()


def test_in_a_german_shop_all_of_it_is_german(counter: Counter) -> None:
    counter.open(counter.blue, locale="de")
    box = counter.page.locator("kontor-waitlist")
    expect(box).to_contain_text("dürfen wir Ihnen schreiben, wenn es wieder da ist?")
    expect(box.get_by_label("E-Mail-Adresse")).to_be_visible()
    box.get_by_role("button", name="Bescheid geben").click()
    expect(counter.page.get_by_role("alert")).to_contain_text("vollständige E-Mail-Adresse")
    counter.page.wait_for_timeout(50)
    assert {one["locale"] for one in counter.asked(FORM)} == {"de"}


def test_a_program_that_fills_in_every_field_gives_itself_away(counter: Counter) -> None:
    counter.open(counter.blue)
    counter.page.locator("[data-trap]").evaluate("(field) => { field.value = 'https://spam.example'; }")
    counter.sign_up()
    expect(counter.page.get_by_role("status")).to_be_focused()
    assert counter.asked(WISH)[0]["website"] == "https://spam.example"


def test_in_the_themes_own_form_neither_sends_what_is_the_others(counter: Counter) -> None:
    counter.open(counter.blue, nested=True)
    counter.email.fill("anna@example.com")
    sent = counter.page.evaluate("[...new FormData(document.getElementById('buy')).keys()]")
    assert sent == ["id"]
    counter.email.press("Enter")
    expect(counter.page.get_by_role("status")).to_be_focused()
    assert urlsplit(counter.page.url).path == "/products/mug"
    with counter.page.expect_request(f"{SHOP}/cart/add"):
        counter.page.get_by_role("button", name="Add to cart").click()
    counter.complaints.clear()


def test_a_theme_that_draws_the_section_anew_finds_the_form_working(counter: Counter) -> None:
    counter.open(counter.blue)
    counter.page.evaluate(
        """async () => {
            const text = await (await fetch(location.href)).text();
            const fresh = new DOMParser().parseFromString(text, "text/html").querySelector("kontor-waitlist");
            document.querySelector("kontor-waitlist").replaceWith(fresh);
        }"""
    )
    counter.sign_up()
    expect(counter.page.get_by_role("status")).to_be_focused()
    assert len(counter.asked(FORM)) == len(counter.asked(WISH)) == 1
    assert counter.page.locator("body > form[id^=kontor]").count() == 1


def test_without_room_kept_free_the_form_comes_with_the_shoppers_own_click(counter: Counter) -> None:
    counter.open(telling="theme", settings={"reserve": False})
    assert counter.page.locator("kontor-waitlist").bounding_box() is None
    counter.choose(counter.blue)
    expect(counter.email).to_be_visible()
    assert counter.page.evaluate("document.getElementById('below').getBoundingClientRect().top") > 300


def test_where_nothing_is_sold_out_there_is_nothing_at_all(counter: Counter) -> None:
    for variant in (counter.blue, counter.green):
        counter.store.shop.set_stock(variant, 3, silent=True)
    counter.open()
    assert counter.page.locator("kontor-waitlist").count() == 0
    counter.open(editing=True)
    expect(counter.email).to_be_visible()
    counter.choose(counter.blue)
    expect(counter.email).to_be_visible()
    counter.store.shop.set_stock(counter.red, 0, silent=True)


def test_what_the_merchant_has_set_is_seen(counter: Counter) -> None:
    chosen = {"button_background": "#005f3b", "radius": 12, "heading": "Gone <for now>", "path": "/a/wait"}
    counter.open(counter.blue, settings=chosen)
    style = "getComputedStyle(document.querySelector('[data-send]'))"
    assert counter.page.evaluate(f"{style}.backgroundColor") == "rgb(0, 95, 59)"
    assert counter.page.evaluate(f"{style}.borderTopLeftRadius") == "12px"
    expect(counter.page.get_by_role("group", name="Gone <for now>")).to_be_visible()
    with counter.page.expect_request(f"{SHOP}/a/wait/form?**"):
        counter.email.focus()
    counter.complaints.clear()


@pytest.mark.parametrize("locale", ["en", "de"])
def test_everybody_can_read_it_wide_and_narrow(counter: Counter, locale: str) -> None:
    for width in (1280, 320):
        counter.page.set_viewport_size({"width": width, "height": 800})
        counter.open(counter.blue, locale=locale)
        counter.sign_up("anna")
        found = Axe().run(counter.page, "kontor-waitlist")
        assert found.violations_count == 0, found.generate_snapshot()
        assert counter.page.evaluate("document.documentElement.scrollWidth") <= width
        assert counter.moved() == []
        counter.sign_up()
        expect(counter.page.get_by_role("status")).to_be_focused()
        assert Axe().run(counter.page, "kontor-waitlist").violations_count == 0
        assert counter.moved() == []
