"""What members are written about signing in: plain words, one link."""

import secrets
import tomllib
from functools import cache
from html import escape

from core.config import Config
from core.models import Merchant
from engine.words import FOLDER
from integrations.roles import Message

Words = dict[str, str]


def letter(config: Config, merchant: Merchant, kind: str, email: str, token: str, **told: str) -> Message:
    """A letter with a link that works once, or, without a token, to the connection's page."""
    language = "de" if merchant.locale.lower().startswith("de") else "en"
    words = _all()[kind][language]
    filled = {"shop": merchant.name, "operator": config.operator_name, **told}
    subject = " ".join(words["subject"].format_map(filled).split())
    paragraphs = [part.format_map(filled) for part in words["body"].strip().split("\n\n")]
    link = f"{config.app_url}/sign-in/{token}" if token else f"{config.app_url}/m/{merchant.key}/connection"
    key = f"sign-in-{secrets.token_hex(12)}"
    return Message(
        key=key,
        message_id=f"<{key}@{config.mail_from.rsplit('@', 1)[1]}>",
        sender_name="Kontor",
        sender_address=config.mail_from,
        to=email,
        subject=subject,
        html=_html(language, subject, paragraphs, words["button"], link),
        text="\n\n".join([*paragraphs, f"{words['button']}: {link}", config.operator_name]) + "\n",
        reply_to=config.operator_email,
    )


@cache
def _all() -> dict[str, dict[str, Words]]:
    return tomllib.loads((FOLDER / "sign_in.toml").read_text())


def _html(language: str, subject: str, paragraphs: list[str], button: str, link: str) -> str:
    body = "".join(f"<p>{escape(part)}</p>" for part in paragraphs)
    return (
        f'<!doctype html><html lang="{language}"><head><meta charset="utf-8">'
        f"<title>{escape(subject)}</title></head><body>{body}"
        f'<p><a href="{escape(link)}">{escape(button)}</a></p></body></html>'
    )
