"""A message as it would be, without anybody getting it: nothing is written, set aside or sent.

What is shown is the merchant's newest cart; where she has none yet, a made-up one
of her own products, else of ours. The shopper's name is always made up, and the
links lead to a page that says what they would do.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, cast

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from core import clock
from core.events import Line
from core.models import Merchant
from core.models.tables import carts, lines, products, variants
from core.money import Money
from engine import discounts
from engine.known import Subject
from engine.letters import brand_of, content_told
from engine.loading import load
from engine.machine import Machine
from engine.own_words import StepWords
from engine.rendering import Content, Letter, Rendered, render
from engine.shop_settings import ShopSettings, flow_settings, shop_settings
from flows.flow import Flow

FIRST_NAME = "Alex"
CODE = "EXAMPLE7K2"
PRODUCTS_SHOWN = 2
Shown = Literal["cart", "products", "example"]
OURS = {
    "en": (("Stoneware teapot", 5400, 1), ("Enamel mug", 1800, 2)),
    "de": (("Teekanne aus Steinzeug", 5400, 1), ("Emaillebecher", 1800, 2)),
}


@dataclass(frozen=True, slots=True)
class Preview:
    """`shown` says whose cart it is, `told` what each placeholder becomes."""

    rendered: Rendered
    letter: Letter
    shop: ShopSettings
    shown: Shown
    told: Mapping[str, str]


def preview(
    machine: Machine,
    session: Session,
    merchant: Merchant,
    flow: Flow,
    step: StepWords,
    language: str,
    typed: Mapping[str, str],
    shop: ShopSettings | None = None,
) -> Preview:
    """The step's message in this language, with what was typed in place of what is saved:
    words, and for the shop as a whole its brand."""
    shop = shop or shop_settings(session, merchant.id)
    told, total, shown = _shown(session, merchant, flow, language)
    letter = Letter(
        flow=flow.key,
        content=content_told(cast(Content, step.step.content), typed, can_reply=bool(shop.reply_to)),
        locale=_locale(merchant, language),
        brand=brand_of(machine.config, merchant, shop),
        first_name=FIRST_NAME,
        lines=told,
        total=total,
        cart_url=example_link(machine, "cart"),
        unsubscribe_url=example_link(machine, "unsubscribe"),
        discount=_offer(session, merchant, flow, step),
        words=typed,
        requested=flow.purpose == "requested",
    )
    rendered = render(letter)
    return Preview(rendered, letter, shop, shown, rendered.told)


def example_link(machine: Machine, what: str) -> str:
    """An address that does nothing but say what stands here in a real message."""
    return f"{machine.config.app_url}/example/{what}"


def _locale(merchant: Merchant, language: str) -> str:
    """Amounts as in the shop's own country, where it speaks the language."""
    return f"{language}-{merchant.country}" if len(merchant.country) == 2 else language


def _offer(session: Session, merchant: Merchant, flow: Flow, step: StepWords) -> Any:
    if not step.has_offer:
        return None
    settings = flow_settings(session, merchant.id, flow).settings
    return discounts.made_up(merchant, settings, step.step.incentive, step.step.value, CODE)


def _shown(
    session: Session, merchant: Merchant, flow: Flow, language: str
) -> tuple[tuple[Line, ...], Money, Shown]:
    """A cart, or the one thing that somebody may wait for."""
    if flow.subject == "cart":
        return _cart(session, merchant, language)
    hers = _of_her_products(session, merchant.id)
    line = hers[0] if hers else _ours(merchant, language)[0]
    return (line,), line.price, "products" if hers else "example"


def _ours(merchant: Merchant, language: str) -> tuple[Line, ...]:
    return tuple(
        Line(None, None, title, count, Money(minor, merchant.currency))
        for title, minor, count in OURS[language]
    )


def _cart(session: Session, merchant: Merchant, language: str) -> tuple[tuple[Line, ...], Money, Shown]:
    newest = _newest(session, merchant)
    if newest is not None:
        return *newest, "cart"
    hers = _of_her_products(session, merchant.id)
    shown: Shown = "products" if hers else "example"
    found = hers or _ours(merchant, language)
    minor = sum(line.price.minor * line.quantity for line in found)
    return found, Money(minor, found[0].price.currency), shown


def _newest(session: Session, merchant: Merchant) -> tuple[tuple[Line, ...], Money] | None:
    """The newest cart with anything in it."""
    filled = exists().where(lines.c.cart_id == carts.c.id)
    mine = (carts.c.merchant_id == merchant.id, carts.c.test.is_(False), filled)
    newest = select(carts.c.id).where(*mine).order_by(carts.c.activity_at.desc()).limit(1)
    found = session.execute(newest).scalar_one_or_none()
    if found is None:
        return None
    loaded = load(session, merchant.id, [Subject(None, found)], clock.now(merchant))
    row = loaded.carts[found]
    return tuple(loaded.lines[found]), Money(row.total_minor, row.currency)


def _of_her_products(session: Session, merchant_id: int) -> tuple[Line, ...]:
    """One piece each of what was changed last and can be bought."""
    theirs = (
        select(products.c.title, products.c.image_url, variants.c.price_minor, variants.c.currency)
        .join(variants, variants.c.product_id == products.c.id)
        .where(
            products.c.merchant_id == merchant_id,
            variants.c.merchant_id == merchant_id,
            products.c.gone_at.is_(None),
            products.c.published,
            variants.c.price_minor > 0,
        )
        .order_by(products.c.id.desc(), variants.c.id)
        .limit(PRODUCTS_SHOWN * 10)
    )
    by_title: dict[str, Any] = {}
    for row in session.execute(theirs):
        by_title.setdefault(row.title, row)
    found = list(by_title.values())[:PRODUCTS_SHOWN]
    return tuple(
        Line(None, None, row.title, 1, Money(row.price_minor, row.currency), image_url=row.image_url)
        for row in found
        if row.currency == found[0].currency
    )
