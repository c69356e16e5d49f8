"""Text as it may stand in a message: on one line, with nothing unseen, and not too long."""

import re

from core.wording import UNSEEN

TITLE_SHOWN = 90


def plain(text: str) -> str:
    """One line without anything that is not seen."""
    return " ".join(UNSEEN.sub(" ", text).split())


def shortened(text: str) -> str:
    return text if len(text) <= TITLE_SHOWN else text[: TITLE_SHOWN - 1].rstrip() + "…"


def capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def paragraphs(text: str) -> list[str]:
    return [paragraph.strip() for paragraph in re.split(r"\n\s*\n", text) if paragraph.strip()]


def point(paragraph: str) -> tuple[str, str]:
    title, _, rest = paragraph.partition("\n")
    return title.strip(), rest.strip()
