"""From words and brand to subject, HTML and text; knows no database.

Everything a shopper or a product name can contain passes through `_plain` and,
in HTML, through autoescaping. Amounts and dates follow the shopper's region
where the message speaks her language.
"""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from functools import lru_cache
from typing import Literal
from zoneinfo import ZoneInfo

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_time, get_timezone_name
from babel.numbers import format_currency

from core.events import Line
from core.money import Money
from core.wording import fill
from engine import plain_text
from engine.colours import STANDARD, Colours, colours_of
from engine.layout import html_layout, text_layout
from engine.words import Words, shared_words, words_for

Content = Literal["reminder", "answers", "incentive", "last_call", "back"]
LINES_SHOWN = 10
NAME_SHOWN = 40
NAME_MARKS = " '\u2019-"
TIMES = "\u00d7"


@dataclass(frozen=True, slots=True)
class Brand:
    """Who writes: `imprint` is the merchant's postal address in several lines,
    `reply_to` where an answer reaches her, `colour` is `#rrggbb`."""

    shop_name: str
    imprint: str
    reply_to: str
    logo_url: str | None = None
    colour: str = STANDARD


@dataclass(frozen=True, slots=True)
class Offer:
    """A discount code; `value` is percent or minor units, `zone` names the
    merchant's time zone, in which its end is shown."""

    code: str
    kind: Literal["percent", "amount", "free_shipping"]
    value: int
    currency: str
    ends_at: datetime
    zone: str


@dataclass(frozen=True, slots=True)
class Letter:
    """All that one message is made of; `cart_url` and `unsubscribe_url` are
    complete and signed, `words` are those the merchant wrote herself. One that was
    `requested` says that it was asked for."""

    flow: str
    content: Content
    locale: str | None
    brand: Brand
    first_name: str | None
    lines: tuple[Line, ...]
    total: Money
    cart_url: str
    unsubscribe_url: str
    discount: Offer | None = None
    words: Mapping[str, str] | None = None
    requested: bool = False


@dataclass(frozen=True, slots=True)
class Rendered:
    """`told` is what the placeholders have become."""

    subject: str
    preheader: str
    html: str
    text: str
    told: Mapping[str, str] = field(default_factory=dict, compare=False)


@dataclass(frozen=True, slots=True)
class _Speech:
    """The language of the words, and the region for numbers and dates."""

    language: str
    region: Locale
    shared: Words


@dataclass(frozen=True, slots=True)
class _ShownLine:
    title: str
    detail: str
    price: str
    image_url: str | None
    initial: str


@dataclass(frozen=True, slots=True)
class _ShownOffer:
    code: str
    offer: str
    ends: str
    note: str


@dataclass(frozen=True, slots=True)
class _Page:
    """What both layouts read; nothing in it is escaped yet."""

    language: str
    shop: str
    brand: Brand
    imprint: list[str]
    logo_url: str | None
    colours: Colours
    subject: str
    preheader: str
    heading: str
    greeting: str
    paragraphs: list[str]
    points: list[tuple[str, str]]
    button: str
    lines: list[_ShownLine]
    more: str
    total: str
    offer: _ShownOffer | None
    shared: Words
    why: str
    cart_url: str
    unsubscribe_url: str
    told: Words


def render(letter: Letter) -> Rendered:
    """Subject, preheader, HTML and text of one message, in the shopper's
    language: German for every German, else English."""
    page = _page(letter)
    html = html_layout(f"{letter.flow}/{letter.content}.html").render(page=page)
    text = text_layout(f"{letter.flow}/{letter.content}.txt").render(page=page)
    return Rendered(page.subject, page.preheader, html, text, page.told)


def language_of(tag: str | None) -> str:
    """The language a shopper is written in: German for every German, else English."""
    return "de" if (tag or "").lower().startswith("de") else "en"


def _page(letter: Letter) -> _Page:
    speech = _speech(letter.locale)
    shop, offer = plain_text.plain(letter.brand.shop_name), _shown_offer(letter.discount, speech)
    total = _amount(letter.total, speech.region)
    told = _told(letter, shop, total, offer)
    said = _said(letter, speech.language, told, offer)
    return _Page(
        language=speech.language,
        shop=shop,
        brand=letter.brand,
        imprint=[plain_text.plain(line) for line in letter.brand.imprint.splitlines() if line.strip()],
        logo_url=_web_address(letter.brand.logo_url),
        colours=colours_of(letter.brand.colour),
        subject=plain_text.capital(plain_text.plain(said["subject"])),
        preheader=plain_text.capital(plain_text.plain(said["preheader"])),
        heading=plain_text.capital(said["heading"]),
        greeting=said["greeting"],
        paragraphs=plain_text.paragraphs(said["body"]),
        points=[plain_text.point(paragraph) for paragraph in plain_text.paragraphs(said.get("points", ""))],
        button=said["button"],
        lines=[_shown_line(line, speech) for line in letter.lines[:LINES_SHOWN]],
        more=_more(len(letter.lines) - LINES_SHOWN, speech),
        total=total,
        offer=offer,
        shared=speech.shared,
        why=speech.shared["why_requested" if letter.requested else "why"].format(shop=shop),
        cart_url=letter.cart_url,
        unsubscribe_url=letter.unsubscribe_url,
        told=told,
    )


def _told(letter: Letter, shop: str, total: str, offer: _ShownOffer | None) -> dict[str, str]:
    """What each placeholder becomes."""
    told = {"first_name": _first_name(letter.first_name), "shop": shop, "total": total}
    told["product"] = _product(letter)
    return told | ({"code": offer.code, "offer": offer.offer, "ends": offer.ends} if offer else {})


def _product(letter: Letter) -> str:
    """What it is about, or what stands first in the cart."""
    return next((plain_text.shortened(plain_text.plain(line.title)) for line in letter.lines), "")


def _said(letter: Letter, language: str, told: dict[str, str], offer: _ShownOffer | None) -> dict[str, str]:
    """The message's words with their placeholders filled in."""
    words = words_for(letter.flow, letter.content, language, offer=offer is not None, own=letter.words)
    return {field: fill(text, told) for field, text in words.items()}


@lru_cache(maxsize=256)
def _speech(tag: str | None) -> _Speech:
    language = language_of(tag)
    return _Speech(language, _region(tag or "", language), shared_words(language))


def _region(tag: str, language: str) -> Locale:
    """The shopper's own region where it speaks the message's language."""
    try:
        wanted = Locale.parse(tag.replace("-", "_")) if tag else None
    except (ValueError, UnknownLocaleError):
        wanted = None
    return wanted if wanted and wanted.language == language else Locale.parse(language)


def _shown_line(line: Line, speech: _Speech) -> _ShownLine:
    title = plain_text.shortened(plain_text.plain(line.title))
    each = _amount(line.price, speech.region)
    count = f"{line.quantity} {TIMES} {each}" if line.quantity != 1 else ""
    variant = plain_text.shortened(plain_text.plain(line.variant_title or ""))
    return _ShownLine(
        title=title,
        detail=" · ".join(part for part in (variant, count) if part),
        price=_amount(Money(line.price.minor * line.quantity, line.price.currency), speech.region),
        image_url=_web_address(line.image_url),
        initial=title[:1].upper(),
    )


def _more(left: int, speech: _Speech) -> str:
    return speech.shared["more"].format(count=left) if left > 0 else ""


def _shown_offer(offer: Offer | None, speech: _Speech) -> _ShownOffer | None:
    if offer is None:
        return None
    what, ends = _what(offer, speech), _moment(offer.ends_at, offer.zone, speech)
    note = speech.shared["code_note"].format(offer=what, ends=ends)
    return _ShownOffer(plain_text.plain(offer.code), what, ends, plain_text.capital(note))


def _what(offer: Offer, speech: _Speech) -> str:
    if offer.kind == "free_shipping":
        return speech.shared["free_shipping"]
    if offer.kind == "percent":
        amount = f"{offer.value} %" if speech.language == "de" else f"{offer.value}%"
    else:
        amount = _amount(Money(offer.value, offer.currency), speech.region)
    return speech.shared["amount_off"].format(amount=amount)


def _moment(at: datetime, zone: str, speech: _Speech) -> str:
    """The very moment, as people say it: midnight is the end of the day before."""
    local = at.astimezone(ZoneInfo(zone))
    midnight = local.time() == time(0)
    day = format_date((local - timedelta(hours=12)) if midnight else local, "full", locale=speech.region)
    named = get_timezone_name(local, width="long", locale=speech.region, zone_variant="generic")
    wording = speech.shared["end_of_day" if midnight else "moment"]
    return wording.format(day=day, time=format_time(local.time(), "short", locale=speech.region), zone=named)


@lru_cache(maxsize=4096)
def _amount(money: Money, region: Locale) -> str:
    """Prices of one shop repeat, and writing one takes longer than a lookup."""
    return format_currency(money.decimal(), money.currency, locale=region)


def _first_name(name: str | None) -> str:
    """A shopper types her own name, or anybody's address with a message for
    them in the name: what does not look like a name is left out."""
    plain = plain_text.plain(name or "")
    is_name = all(unicodedata.category(c)[0] in "LM" or c in NAME_MARKS for c in plain)
    return plain if is_name and len(plain) <= NAME_SHOWN else ""


def _web_address(url: str | None) -> str | None:
    """A picture comes from the web or not at all."""
    return url if url and url.startswith(("https://", "http://")) else None
