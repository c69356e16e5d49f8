"""What a merchant is written when something needs her: plain words, one link."""

import tomllib
from functools import cache
from html import escape
from typing import Any

from core.config import Config
from core.models import Merchant
from engine.words import FOLDER
from integrations.roles import Message

Words = dict[str, str]


def letter(config: Config, merchant: Merchant, notice: Any, email: str, member_id: int) -> Message:
    """The letter of a notice: that it is so, that it is still so, or that it is over."""
    words = words_of(notice.kind, merchant.locale, mended=notice.mended_at is not None)
    link = f"{config.app_url}/m/{merchant.key}/connection"
    told = {"shop": merchant.name, "detail": notice.detail, "operator": config.operator_name}
    subject = " ".join(words["subject"].format_map(told).split())
    paragraphs = [part.format_map(told) for part in words["body"].strip().split("\n\n")]
    key = f"notice-{notice.id}-{notice.told}-{member_id}"
    return Message(
        key=key,
        message_id=f"<{key}@{config.mail_from.rsplit('@', 1)[1]}>",
        sender_name="Kontor",
        sender_address=config.mail_from,
        to=email,
        subject=subject,
        html=_html(merchant.locale, subject, paragraphs, words["button"], link),
        text="\n\n".join([*paragraphs, f"{words['button']}: {link}", config.operator_name]) + "\n",
        reply_to=config.operator_email,
    )


def words_of(kind: str, locale: str, *, mended: bool) -> Words:
    """A notice's words in the merchant's language."""
    language = "de" if locale.lower().startswith("de") else "en"
    found: Words = _all()[f"{kind}_mended" if mended else kind][language]
    return found


@cache
def _all() -> dict[str, dict[str, Words]]:
    return tomllib.loads((FOLDER / "notices.toml").read_text())


def _html(locale: str, subject: str, paragraphs: list[str], button: str, link: str) -> str:
    body = "".join(f"<p>{escape(part)}</p>" for part in paragraphs)
    return (
        f'<!doctype html><html lang="{escape(locale)}"><head><meta charset="utf-8">'
        f"<title>{escape(subject)}</title></head><body>{body}"
        f'<p><a href="{escape(link)}">{escape(button)}</a></p></body></html>'
    )
