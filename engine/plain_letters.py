"""Letters to merchants and their colleagues: plain words of ours, one link."""

import tomllib
from collections.abc import Mapping
from functools import cache
from html import escape
from typing import Any

from core.config import Config
from engine.words import FOLDER
from integrations.roles import Message


def letter(
    config: Config,
    words: Mapping[str, str],
    told: Mapping[str, str],
    *,
    locale: str,
    to: str,
    key: str,
    link: str,
) -> Message:
    """`words` has subject, body and button; `told` fills them in."""
    filled = {"operator": config.operator_name, **told}
    subject = " ".join(words["subject"].format_map(filled).split())
    paragraphs = [part.format_map(filled) for part in words["body"].strip().split("\n\n")]
    return Message(
        key=key,
        message_id=f"<{key}@{config.mail_from.rsplit('@', 1)[1]}>",
        sender_name="Kontor",
        sender_address=config.mail_from,
        to=to,
        subject=subject,
        html=_html(_language(locale), subject, paragraphs, words["button"], link),
        text="\n\n".join([*paragraphs, f"{words['button']}: {link}", config.operator_name]) + "\n",
        reply_to=config.operator_email,
    )


def words_of(file: str, kind: str, locale: str) -> dict[str, str]:
    """The words of one kind of letter, in German for every German, else English."""
    found: dict[str, str] = _all(file)[kind][_language(locale)]
    return found


def _language(locale: str) -> str:
    return "de" if locale.lower().startswith("de") else "en"


@cache
def _all(file: str) -> dict[str, Any]:
    return tomllib.loads((FOLDER / file).read_text())


def _html(language: str, subject: str, paragraphs: list[str], button: str, link: str) -> str:
    body = "".join(f"<p>{escape(part)}</p>" for part in paragraphs)
    return (
        f'<!doctype html><html lang="{language}"><head><meta charset="utf-8">'
        f"<title>{escape(subject)}</title></head><body>{body}"
        f'<p><a href="{escape(link)}">{escape(button)}</a></p></body></html>'
    )
