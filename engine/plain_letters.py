"""Letters to merchants and their colleagues: plain words of ours, one link."""

import tomllib
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from html import escape
from string import Template
from typing import Any

from core.config import Config
from engine.words import FOLDER
from integrations.roles import Message

# Not every mail program reads a style sheet.
PARAGRAPH = "margin: 0 0 16px;"


def letter(
    config: Config,
    words: Mapping[str, str],
    told: Mapping[str, str],
    *,
    locale: str,
    to: str,
    key: str,
    link: str,
    sender: str | None = None,
) -> Message:
    """`words` has subject, body and button; `told` fills them in. It comes from
    the operator, unless a `sender` is given."""
    filled = {"operator": config.operator_name, **told}
    subject = " ".join(words["subject"].format_map(filled).split())
    paragraphs = [part.format_map(filled) for part in words["body"].strip().split("\n\n")]
    button, foot = (words["button"], link), config.operator_name
    body = "\n".join(paragraph(part) for part in paragraphs)
    html = page(language_of(locale), subject, body, button=button, foot=escape(foot))
    text = "\n\n".join([*paragraphs, ": ".join(button), foot]) + "\n"
    made = message(config, subject, html, text, to=to, key=key)
    return replace(made, sender_address=sender) if sender else made


def message(config: Config, subject: str, html: str, text: str, *, to: str, key: str) -> Message:
    """What goes out in Kontor's own name."""
    return Message(
        key=key,
        message_id=f"<{key}@{config.mail_from.rsplit('@', 1)[1]}>",
        sender_name="Kontor",
        sender_address=config.mail_from,
        to=to,
        subject=subject,
        html=html,
        text=text,
        reply_to=config.operator_email,
    )


def words_of(file: str, kind: str, locale: str) -> dict[str, str]:
    """The words of one kind of letter, in German for every German, else English."""
    found: dict[str, str] = _all(file)[kind][language_of(locale)]
    return found


def language_of(locale: str) -> str:
    return "de" if locale.lower().startswith("de") else "en"


@cache
def _all(file: str) -> dict[str, Any]:
    return tomllib.loads((FOLDER / file).read_text())


def paragraph(text: str) -> str:
    return f'<p style="{PARAGRAPH}">{escape(text)}</p>'


def page(language: str, subject: str, body: str, *, button: tuple[str, str], foot: str) -> str:
    """The whole letter; `body` and `foot` are HTML, the rest is plain."""
    told = {"subject": escape(subject), "button": escape(button[0]), "link": escape(button[1])}
    return _page().substitute(told, language=language, body=body, foot=foot)


@cache
def _page() -> Template:
    return Template((FOLDER / "letter.html").read_text())
