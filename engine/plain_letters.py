"""Letters to merchants and their colleagues: plain words of ours, one link."""

import tomllib
from collections.abc import Mapping
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
    return Message(
        key=key,
        message_id=f"<{key}@{config.mail_from.rsplit('@', 1)[1]}>",
        sender_name="Kontor",
        sender_address=sender or config.mail_from,
        to=to,
        subject=subject,
        html=_html(
            _language(locale),
            subject,
            paragraphs,
            button=words["button"],
            link=link,
            operator=config.operator_name,
        ),
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


def _html(language: str, subject: str, paragraphs: list[str], **told: str) -> str:
    body = "\n".join(f'<p style="{PARAGRAPH}">{escape(part)}</p>' for part in paragraphs)
    filled = {name: escape(text) for name, text in told.items()}
    return _page().substitute(filled, language=language, subject=escape(subject), body=body)


@cache
def _page() -> Template:
    return Template((FOLDER / "letter.html").read_text())
