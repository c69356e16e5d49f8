"""The four messages of cart recovery, as shoppers read them."""

import re
from dataclasses import replace
from datetime import UTC, datetime
from html.parser import HTMLParser
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core import wording
from core.events import Line
from core.money import Money
from engine import words
from engine.colours import DARK_CARD, INK, PAPER, colours_of, contrast
from engine.rendering import Brand, Content, Letter, Offer, render

CONTENTS: tuple[Content, ...] = ("reminder", "answers", "incentive", "last_call")
CART, UNSUBSCRIBE = "https://kontor.test/c/token", "https://kontor.test/u/token"
OFFER = Offer("HERBST-7K", "percent", 10, "EUR", datetime(2025, 11, 28, 23, 0, tzinfo=UTC), "Europe/Berlin")
CASES = list(product(CONTENTS, ("de-AT", "en", None), (None, OFFER)))
EVIL = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)> {{ 7*7 }} {% raw %} {code}"


def line(title: str = "Teapot", quantity: int = 1, minor: int = 1999, **more: str) -> Line:
    return Line("p", "v", title, quantity, Money(minor, "EUR"), **more)


def letter(content: Content = "reminder", **changed: object) -> Letter:
    brand = Brand("Haus & Hof", "Haus & Hof GmbH\nLindenallee 12\n04109 Leipzig", "hallo@haus.example")
    plain = Letter(
        flow="cart_recovery",
        content=content,
        locale="en-GB",
        brand=brand,
        first_name="Anna",
        lines=(line(),),
        total=Money(1999, "EUR"),
        cart_url=CART,
        unsubscribe_url=UNSUBSCRIBE,
    )
    return replace(plain, **changed)  # type: ignore[arg-type]


class Tags(HTMLParser):
    """The elements of a page with their attributes."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def of(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.found if name == tag]


@pytest.mark.parametrize(("content", "locale", "offer"), CASES)
def test_every_message_names_shop_cart_imprint_and_the_way_out(
    content: Content, locale: str | None, offer: Offer | None
) -> None:
    rendered = render(letter(content, locale=locale, discount=offer))

    for part in (rendered.html, rendered.text):
        assert CART in part
        assert UNSUBSCRIBE in part
        assert "Lindenallee 12" in part
        assert "Teapot" in part
        assert "{" not in re.sub(r"<style>.*?</style>", "", part, flags=re.DOTALL)
        assert ("HERBST-7K" in part) == (offer is not None)
    assert rendered.subject
    assert rendered.preheader in rendered.html.replace("&amp;", "&")
    assert "\n" not in rendered.subject


@pytest.mark.parametrize(("locale", "says"), [("de", "Guten Tag Anna,"), ("DE-ch", "Guten Tag Anna,")])
def test_germans_are_addressed_in_german(locale: str, says: str) -> None:
    rendered = render(letter(locale=locale))
    assert says in rendered.text
    assert '<html lang="de"' in rendered.html


@pytest.mark.parametrize("locale", ["en", "fr-FR", "xx", "", None, "de_nonsense_"])
def test_everybody_else_reads_english_and_no_tag_stops_a_mail(locale: str | None) -> None:
    wanted = "Guten Tag" if locale and locale.startswith("de") else "Hello"
    assert f"{wanted} Anna," in render(letter(locale=locale)).text


def test_amounts_are_written_as_the_region_does() -> None:
    assert "19,99\xa0€" in render(letter(locale="de-DE")).text
    assert "€\xa019,99" in render(letter(locale="de-AT")).text
    assert "€19.99" in render(letter(locale="en-GB")).text


@pytest.mark.parametrize(
    "name", [None, "", "  ", "Visit evil.example now", "http://evil.example", "x" * 41, "1€"]
)
def test_what_is_no_first_name_is_left_out(name: str | None) -> None:
    text = render(letter(first_name=name)).text
    assert "\nHello,\n" in text
    assert "evil" not in text


@pytest.mark.parametrize("name", ["Anna", "Jürgen", "Marie-Luise", "O\u2019Neil", "Zoë van", "नेहा", "Ng"])
def test_real_first_names_are_used(name: str) -> None:
    assert f"Hello {name}," in render(letter(first_name=name)).text


def test_the_true_end_of_the_offer_is_told_in_the_shops_time() -> None:
    assert (
        "until the end of Friday, 28 November 2025 (Central European Time)"
        in render(letter("incentive", discount=OFFER)).text
    )
    afternoon = replace(OFFER, ends_at=datetime(2025, 11, 28, 14, 30, tzinfo=UTC))
    german = render(letter("incentive", locale="de", discount=afternoon)).text
    assert "bis Freitag, 28. November 2025, 15:30\xa0Uhr (Mitteleuropäische Zeit)" in german


@pytest.mark.parametrize(
    ("offer", "english", "german"),
    [
        (OFFER, "10% off", "10 % Rabatt"),
        (replace(OFFER, kind="amount", value=500), "€5.00 off", "5,00 € Rabatt"),
        (replace(OFFER, kind="free_shipping", value=0), "Free shipping", "Gratisversand"),
    ],
)
def test_the_subject_says_what_is_offered(offer: Offer, english: str, german: str) -> None:
    assert render(letter("incentive", discount=offer)).subject == f"{english} for your cart at Haus & Hof"
    in_german = render(letter("incentive", discount=offer, locale="de")).subject
    assert in_german == f"{german} für Ihren Warenkorb bei Haus & Hof"


def test_an_incentive_without_an_offer_promises_nothing() -> None:
    plain, reminder = render(letter("incentive")), render(letter("reminder"))
    assert plain.subject == reminder.subject
    assert "code" not in plain.text


def test_no_message_makes_up_urgency() -> None:
    pressure = r"hurry|only \d|running out|almost gone|nur noch|schnell|beeilen|letzte chance|last chance"
    for content, locale, offer in product(CONTENTS, ("de", "en"), (None, OFFER)):
        rendered = render(letter(content, locale=locale, discount=offer))
        assert not re.search(pressure, rendered.subject + rendered.text, re.IGNORECASE)


def test_many_lines_are_cut_with_a_word_about_the_rest_and_stay_small() -> None:
    lines = tuple(
        line(f"Ürün {number} " + "ß" * 300, 2, image_url="https://cdn.example/a.jpg") for number in range(50)
    )
    rendered = render(letter("answers", lines=lines, discount=OFFER))

    assert "and 40 more" in rendered.text
    assert "Ürün 9 " in rendered.text
    assert "Ürün 10 " not in rendered.text
    assert len(rendered.html.encode()) < 50_000


def test_a_line_shows_its_count_and_its_sum() -> None:
    text = render(letter(lines=(line(quantity=3, minor=1250, variant_title="blue"),))).text
    assert "Teapot (blue · 3 \u00d7 €12.50): €37.50" in text


def test_every_picture_has_words_and_a_size_and_every_link_is_one_of_ours() -> None:
    brand = replace(letter().brand, logo_url="https://cdn.example/logo.png")
    lines = (line(image_url="https://cdn.example/a.jpg"), line("Cup"))
    tags = Tags(render(letter(brand=brand, lines=lines)).html)

    pictures = tags.of("img")
    assert [picture["alt"] for picture in pictures] == ["Haus & Hof", "Teapot"]
    assert all(picture["height"] for picture in pictures)
    assert "width" not in pictures[0], "a logo keeps its shape"
    assert {link["href"] for link in tags.of("a")} == {CART, UNSUBSCRIBE}
    assert all(table["role"] == "presentation" for table in tags.of("table"))


def test_styles_are_in_the_elements_and_dark_mode_is_provided_for() -> None:
    html = render(letter()).html
    assert 'class="card' not in html
    assert re.search(r'<td class="text card" style="[^"]*background-color: #ffffff', html)
    assert "prefers-color-scheme: dark" in html
    assert '<meta name="color-scheme" content="light dark">' in html
    assert "[data-ogsc]" in html
    assert "var(--" not in html
    assert "data-css-inline" not in html


def test_nothing_a_shopper_or_a_product_is_called_can_break_out() -> None:
    brand = replace(letter().brand, shop_name=EVIL, imprint=EVIL, colour="red;} body{display:none")
    lines = (line(EVIL, variant_title=EVIL, image_url="javascript:alert(1)"),)
    for content in CONTENTS:
        rendered = render(letter(content, brand=brand, lines=lines, first_name=EVIL, discount=OFFER))
        tags = Tags(rendered.html)
        assert tags.of("script") == []
        assert tags.of("img") == []
        assert all("onerror" not in attributes for _, attributes in tags.found)
        assert "javascript" not in rendered.html
        assert "{{ 7*7 }}" in rendered.text
        assert "display:none" not in rendered.html


@settings(max_examples=40, deadline=None)
@given(st.text(max_size=60), st.text(max_size=60), st.text(max_size=20), st.text(max_size=12))
def test_no_text_whatever_stops_a_message(shop: str, title: str, name: str, locale: str) -> None:
    brand = replace(letter().brand, shop_name=shop)
    rendered = render(letter(brand=brand, lines=(line(title),), first_name=name, locale=locale))

    rendered.html.encode()
    assert not re.search(r"[\r\n\x00-\x1f]", rendered.subject + rendered.preheader)
    assert Tags(rendered.html).of("script") == []


def test_the_merchants_own_words_take_the_place_of_ours() -> None:
    own = {"subject": "{first_name}, your {total} cart", "body": "One.\n\nTwo <b>not bold</b>.", "button": ""}
    rendered = render(letter(words=own))

    assert rendered.subject == "Anna, your €19.99 cart"
    assert "Two &lt;b&gt;not bold&lt;/b&gt;." in rendered.html
    assert "Back to my cart" in rendered.html
    assert render(letter(words=own, first_name=None)).subject == "Your €19.99 cart"


def test_own_words_about_an_offer_are_left_out_where_there_is_none() -> None:
    own = {"subject": "Take {code}"}
    assert render(letter("last_call", words=own)).subject == "The last reminder of your cart at Haus & Hof"
    assert render(letter("last_call", words=own, discount=OFFER)).subject == "Take HERBST-7K"


@pytest.mark.parametrize(
    ("text", "offer", "wrong"),
    [
        ("Hello {first_name}, {shop}: {total}", False, None),
        ("{code} {offer} {ends}", True, None),
        ("{code}", False, "code"),
        ("{password}", True, "password"),
        ("{shop.__class__}", True, "shop.__class__"),
        ("{}", True, ""),
        ("{first_name!r}", True, "first_name!r"),
    ],
)
def test_only_the_placeholders_on_the_list_may_be_named(text: str, offer: bool, wrong: str | None) -> None:
    assert wording.fault_in(text, offer=offer) == wrong


def test_a_value_that_looks_like_a_placeholder_stays_what_it_is() -> None:
    told = {"first_name": "{shop}", "shop": "{total}", "total": "5"}
    assert wording.fill("{first_name} {shop} {total}", told) == "{shop} {total} 5"


def test_both_languages_have_the_same_words() -> None:
    for content, offer in product(CONTENTS, (False, True)):
        english, german = (
            words.words_for("cart_recovery", content, language, offer=offer) for language in wording.LANGUAGES
        )
        assert english.keys() == german.keys()
        assert not set(english.values()) & set(german.values())
    assert words.shared_words("en").keys() == words.shared_words("de").keys()


@pytest.mark.parametrize(
    "brand", ["#ffffff", "#000000", "#ffd500", "#1f5f4e", "#7f7f7f", "#1d1d20", "nonsense", None]
)
def test_every_brands_button_can_be_read_and_seen(brand: str | None) -> None:
    colours = colours_of(brand)
    assert contrast(colours.on_button, colours.button) >= 4
    assert contrast(colours.edge, PAPER) >= 3
    assert contrast(colours.dark_edge, DARK_CARD) >= 3
    assert contrast(INK, PAPER) > 15
