"""German is complete, and every text on a page is in the catalogue."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from tests.web.browsing import Visitor

ROOT = Path(__file__).parent.parent.parent
KEYWORDS = {"_": None, "gettext": None, "ngettext": (1, 2)}


@pytest.fixture(scope="module")
def german() -> Catalog:
    with (ROOT / "translations/de/LC_MESSAGES/messages.po").open("rb") as file:
        return read_po(file, locale="de")


def said() -> Iterator[str | tuple[str, ...]]:
    """Every text that templates and pages say."""
    for folder, pattern, method in (("templates", "**.html", "jinja2"), ("web", "**.py", "python")):
        found = extract_from_dir(ROOT / folder, method_map=[(pattern, method)], keywords=KEYWORDS)
        yield from (message for _, _, message, _, _ in found)


def test_every_text_of_a_page_has_its_german(german: Catalog) -> None:
    known = {message.id for message in german if message.id}
    told = {tuple(text) if isinstance(text, tuple | list) else text for text in said()}
    assert len(told) > 100
    assert told - known == set(), "texts without German"
    assert known - told == set(), "German that nobody says any more"


def test_no_german_is_empty_or_a_guess(german: Catalog) -> None:
    for message in german:
        strings = message.string if isinstance(message.string, tuple | list) else (message.string,)
        assert all(strings), message.id
        assert not message.fuzzy, message.id


def test_placeholders_are_the_same_in_both_languages(german: Catalog) -> None:
    for message in (found for found in german if found.id):
        assert not list(message.check(german)), message.id
        ids = message.id if isinstance(message.id, tuple | list) else (message.id,)
        strings = message.string if isinstance(message.string, tuple | list) else (message.string,)
        names = [set(re.findall(r"%\((\w+)\)", str(text))) for text in (ids[-1], strings[-1])]
        assert names[0] == names[1], message.id


@pytest.mark.parametrize(
    ("accepts", "language"),
    [("de-AT,de;q=0.9", "de"), ("en-US", "en"), ("fr-FR", "en"), ("fr, de;q=0.5", "de")],
)
def test_the_browsers_language_counts_until_one_is_chosen(
    visitor: Visitor, accepts: str, language: str
) -> None:
    client = visitor.client
    client.delete_cookie("kontor")
    asking = {"Accept-Language": accepts}
    assert f'<html lang="{language}">' in client.get("/sandbox", headers=asking).text
    other = "en" if language == "de" else "de"
    assert f'<html lang="{other}">' in client.get(f"/sandbox?lang={other}", headers=asking).text
    assert f'<html lang="{other}">' in client.get("/sandbox", headers=asking).text


def test_a_language_nobody_speaks_is_ignored(visitor: Visitor) -> None:
    assert '<html lang="en">' in visitor.open("/sandbox?lang=../../etc").text
