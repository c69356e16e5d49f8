"""A message made ready: what the person gets, and the call that sends it."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from core.config import Config
from core.events import Cart, Contact
from core.models import Merchant
from core.models.tables import discount_codes, effects
from core.money import Money
from core.reasons import Reason
from engine import discounts, links, mail_servers, places, return_addresses
from engine.batches import Open
from engine.facts import address_of
from engine.identity import name_binding
from engine.kept_messages import sealable
from engine.known import Subject
from engine.machine import Machine
from engine.rendering import Brand, Content, Letter, Offer, Rendered, language_of, render
from engine.shop_settings import ShopSettings
from engine.verdicts import Ready, Settled, begin_acting, lost, skipped
from integrations.roles import MailAccount, Message, ShopIdentity


def prepare_message(
    machine: Machine, session: Session, opened: Open, row: Any, subject: Subject, slot_day: date | None
) -> Ready | Settled:
    """Render, then take the day's place and become `acting`; in shadow mode
    keep what would have gone and do nothing."""
    address = address_of(opened.loaded, subject)
    if address is None:
        return skipped(row, Reason.NO_CONTACT)
    target = links.with_utm(_target(machine, opened, subject), row.flow, row.step)
    letter = _letter(machine, session, opened, row, subject, address)
    rendered = render(letter)
    content = machine.vault.seal(sealable(rendered), f"effect:{row.key}:content")
    values = {
        "content": content,
        "payload": row.payload | {"links": {"cart": target}},
    }
    if row.mode == "shadow":
        _keep(session, row, values)
        return skipped(row, Reason.SHADOW)
    lease = timedelta(seconds=machine.config.lease_seconds)
    if not begin_acting(session, opened, row, lease, slot_day=slot_day, **values):
        return lost(session, row)
    places.told(session, opened.merchant, row)
    message = _message(machine, opened, row, address, rendered, letter.unsubscribe_url)
    return Ready(lambda: machine.send(message, opened.merchant, _account(machine, opened)))


def _keep(session: Session, row: Any, values: dict[str, Any]) -> None:
    mine = (effects.c.id == row.id, effects.c.claim == row.claim, effects.c.state == "claimed")
    session.execute(update(effects).where(*mine).values(**values))


def _letter(
    machine: Machine, session: Session, opened: Open, row: Any, subject: Subject, address: Any
) -> Letter:
    matter = opened.loaded.matter(subject)
    person = opened.loaded.persons[subject.person_id or 0]
    unsubscribe = links.unsubscribe_url(machine.config, opened.merchant.id, address.id, row.id)
    locale = matter.locale or person.locale or opened.merchant.locale
    own = _own_words(opened, row, language_of(locale))
    shop = opened.settings.shop
    return Letter(
        flow=row.flow,
        content=content_told(row.payload["content"], own, can_reply=bool(shop.reply_to)),
        locale=locale,
        brand=brand_of(machine.config, opened.merchant, shop),
        first_name=_first_name(machine, opened.merchant.id, person),
        lines=tuple(opened.loaded.lines_of(subject)),
        total=Money(matter.total_minor, matter.currency),
        cart_url=links.click_url(machine.config, opened.merchant.id, row.id, "cart"),
        unsubscribe_url=unsubscribe,
        discount=_offer(session, opened, row),
        requested=row.purpose == "requested",
        words=own,
    )


def _own_words(opened: Open, row: Any, language: str) -> Mapping[str, str]:
    """The merchant's own, as her settings say in this second."""
    messages = opened.settings.flows[row.flow].settings.messages
    words = messages[row.step - 1].words if row.step <= len(messages) else None
    return words.said(language) if words else {}


def content_told(content: Content, own: Mapping[str, str], *, can_reply: bool) -> Content:
    """Our answers ask for a reply: without an address of the shop's own that would
    be a promise nobody keeps, unless the merchant says in her words what we would promise."""
    if content == "answers" and not can_reply and not {"preheader", "points"} <= own.keys():
        return "reminder"
    return content


def brand_of(config: Config, merchant: Merchant, shop: ShopSettings) -> Brand:
    return Brand(
        shop_name=shop.sender_name or merchant.name,
        imprint=shop.imprint or merchant.name,
        reply_to=shop.reply_to or config.mail_from,
        logo_url=shop.logo_url or None,
        colour=shop.colour,
    )


def _first_name(machine: Machine, merchant_id: int, person: Any) -> str | None:
    if person.first_name is None:
        return None
    return machine.vault.open(person.first_name, name_binding(merchant_id, person.id)).decode()


def _offer(session: Session, opened: Open, row: Any) -> Offer | None:
    """The code that was made for this message and is done; in shadow mode
    one that only looks like it."""
    if row.waits_for is None:
        return None
    if row.mode == "shadow":
        return discounts.pretended(opened, row)
    code = session.execute(
        select(discount_codes).where(
            discount_codes.c.merchant_id == opened.merchant.id, discount_codes.c.effect_id == row.waits_for
        )
    ).one()
    return Offer(code.code, code.kind, code.value, code.currency, code.ends_at, opened.merchant.timezone)


def _target(machine: Machine, opened: Open, subject: Subject) -> str:
    """Where the click leads: the platform's best way back to this cart, or to
    what somebody waits for."""
    merchant, connection = opened.merchant, opened.connection
    identity = ShopIdentity(connection.domain, connection.shop_id, merchant.currency)
    shop = machine.shops[merchant.platform]
    if subject.kind == "sign_up":
        wish = opened.loaded.sign_ups[subject.id]
        found = shop.product_link(wish.product_url, wish.variant_ref, identity)
    else:
        found = shop.cart_link(_cart(machine, opened, subject), identity, connection.meta)
    return found or f"https://{connection.domain}"


def _cart(machine: Machine, opened: Open, subject: Subject) -> Cart:
    row = opened.loaded.carts[subject.id]
    merchant = opened.merchant
    binding = f"cart:{merchant.id}:{row.ref}:url"
    url = machine.vault.open(row.url, binding).decode() if row.url is not None else None
    return Cart(
        ref=row.ref,
        started_at=row.started_at,
        activity_at=row.activity_at,
        updated_at=row.platform_at,
        contact=Contact(),
        total=Money(row.total_minor, row.currency),
        lines=tuple(opened.loaded.lines.get(row.id, ())),
        kind=row.kind,
        token=row.token,
        url=url,
    )


def _message(
    machine: Machine, opened: Open, row: Any, address: Any, rendered: Rendered, unsubscribe: str
) -> Message:
    to = machine.vault.open(address.value, f"address:{opened.merchant.id}:{address.fingerprint}").decode()
    headers = links.unsubscribe_headers(unsubscribe)
    shop = opened.settings.shop
    by_account = opened.account if _writes_by_account(machine, opened) else None
    sender = by_account.sender if by_account else opened.sender
    message = message_of(machine.config, opened.merchant, shop, row.key, to, rendered, sender)
    sent = return_addresses.Sent(opened.merchant.id, address.id, row.id)
    # Her own server takes no sender but hers: what comes back comes to her.
    returns_to = None if by_account else return_addresses.returns_to(machine.config, sent)
    return replace(message, headers=headers, returns_to=returns_to)


def _writes_by_account(machine: Machine, opened: Open) -> bool:
    return opened.account is not None and machine.may_have_account(opened.merchant.platform)


def _account(machine: Machine, opened: Open) -> MailAccount | None:
    return mail_servers.account_of(machine, opened.account) if _writes_by_account(machine, opened) else None


def message_of(
    config: Config,
    merchant: Merchant,
    shop: ShopSettings,
    key: str,
    to: str,
    rendered: Rendered,
    sender: str | None = None,
) -> Message:
    """What goes out in the shop's name; from the operator's address, unless the
    shop has proven one of its own."""
    return Message(
        key=key,
        message_id=f"<{key}@{config.mail_from.rsplit('@', 1)[1]}>",
        sender_name=shop.sender_name or merchant.name,
        sender_address=sender or config.mail_from,
        to=to,
        subject=rendered.subject,
        html=rendered.html,
        text=rendered.text,
        reply_to=shop.reply_to or None,
    )
