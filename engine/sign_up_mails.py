"""What a letter about a sign-up says and looks like: the shop's, plain, one link."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from core.config import Config
from core.models import Merchant
from engine import links
from engine.colours import Colours, colours_of
from engine.layout import html_layout, text_layout
from engine.letters import brand_of, message_of
from engine.rendering import Rendered, language_of
from engine.shop_settings import ShopSettings
from engine.words import FOLDER
from integrations.roles import Message

LAYOUT = "sign_up/letter"


@dataclass(frozen=True, slots=True)
class Told:
    """All that a letter is made of; `sender` is the shop's own address, if it has one."""

    merchant: Merchant
    shop: ShopSettings
    sender: str | None
    kind: str
    key: str
    to: str
    locale: str
    product: str
    sign_up_id: int
    place: int


@dataclass(frozen=True, slots=True)
class _Page:
    """What the layout of all mails reads; nothing in it is escaped yet."""

    language: str
    shop: str
    imprint: list[str]
    logo_url: str | None
    colours: Colours
    subject: str
    preheader: str
    heading: str
    greeting: str
    paragraphs: list[str]
    button: str
    cart_url: str
    why: str
    shared: Mapping[str, str]
    unsubscribe_url: str


def message(config: Config, told: Told) -> Message:
    url = links.leave_url(config, told.merchant.id, told.sign_up_id)
    page = _page(config, told, url)
    html = html_layout(f"{LAYOUT}.html").render(page=page)
    text = text_layout(f"{LAYOUT}.txt").render(page=page)
    rendered = Rendered(page.subject, page.preheader, html, text)
    made = message_of(config, told.merchant, told.shop, told.key, told.to, rendered, told.sender)
    # The mail program's own button leaves the line as well.
    return replace(made, headers=links.unsubscribe_headers(url))


def _page(config: Config, told: Told, url: str) -> _Page:
    brand, language = brand_of(config, told.merchant, told.shop), language_of(told.locale)
    shop = _line(brand.shop_name)
    filled = {"shop": shop, "product": _line(told.product), "place": told.place}
    words = {name: text.strip().format_map(filled) for name, text in _words()[told.kind][language].items()}
    return _Page(
        language=language,
        shop=shop,
        imprint=[_line(line) for line in brand.imprint.splitlines() if line.strip()],
        logo_url=brand.logo_url,
        colours=colours_of(brand.colour),
        subject=words["subject"],
        preheader=words["preheader"],
        heading=words["heading"],
        greeting=words["greeting"],
        paragraphs=words["body"].split("\n\n"),
        button=words["button"],
        cart_url=url,
        why=words["why"],
        shared={"unsubscribe_note": "", "unsubscribe": words["leave"]},
        unsubscribe_url=url,
    )


def _line(text: str) -> str:
    return " ".join(text.split())


@cache
def _words() -> dict[str, Any]:
    return tomllib.loads((FOLDER / "sign_up" / "words.toml").read_text(encoding="utf-8"))
