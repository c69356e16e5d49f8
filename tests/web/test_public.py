"""Open to all: what Kontor is, who runs it, and what becomes of data; true in both languages."""

import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from app import create_app
from core.config import read_config
from core.models import metadata
from engine import data_list, retention
from tests.core.test_config import HOSTED

ROOT = Path(__file__).parent.parent.parent
PAGES = ("privacy", "support", "imprint", "data-processing")
LISTING = "https://apps.shopify.com/kontor"


@pytest.fixture
def hosted(sqlite_url: str) -> Iterator[FlaskClient]:
    """As an operator hosts it."""
    more = {"DATABASE_URL": sqlite_url, "SHOPIFY_LISTING_URL": LISTING, "OPERATOR_VAT_ID": "DE123456789"}
    app = create_app(read_config(HOSTED | more))
    yield app.test_client()
    app.extensions["kontor"].db.dispose()


def told(client: FlaskClient, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", answer.text)).split())


def headings(client: FlaskClient, path: str) -> list[str]:
    return re.findall(r"<(h\d)", client.get(path).text)


@pytest.mark.parametrize("page", PAGES)
def test_each_page_says_as_much_in_german_as_in_english(hosted: FlaskClient, page: str) -> None:
    assert headings(hosted, f"/{page}?lang=de") == headings(hosted, f"/{page}?lang=en")
    german = hosted.get(f"/{page}", headers={"Accept-Language": "de"})
    assert '<html lang="en">' in hosted.get(f"/{page}?lang=en").text
    assert german.status_code == 200


@pytest.mark.parametrize("page", PAGES)
def test_the_browsers_language_counts(hosted: FlaskClient, page: str) -> None:
    german = hosted.get(f"/{page}", headers={"Accept-Language": "de-AT"}).text
    assert '<html lang="de">' in german
    assert "operator" not in re.sub(r"<[^>]+>", " ", german).lower()


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("language", ["en", "de"])
def test_each_names_the_operator_and_how_to_reach_it(hosted: FlaskClient, page: str, language: str) -> None:
    text = told(hosted, f"/{page}?lang={language}")
    assert "Kontor GmbH Hafenstr. 1 20457 Hamburg Germany hello@kontor.example" in text


def test_who_works_for_the_operator_is_named_where_it_matters(hosted: FlaskClient) -> None:
    for page in ("privacy", "data-processing"):
        text = told(hosted, f"/{page}?lang=en")
        assert "Host Ltd hosting · Ireland" in text
        assert "Mail GmbH sending mail · Germany" in text


def test_what_is_not_set_is_not_spoken_of(hosted: FlaskClient) -> None:
    text = told(hosted, "/imprint?lang=en")
    assert "VAT identification number DE123456789" in text
    assert "Register" not in text
    assert "None" not in text


def test_how_long_things_are_kept_is_what_the_rules_do(
    hosted: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    spans = {one.key: one.span for one in data_list.LIST}
    assert spans["reported"] == retention.BODIES_KEPT
    assert spans["words"] == retention.MESSAGES_KEPT
    for page in ("privacy", "data-processing"):
        text = told(hosted, f"/{page}?lang=en")
        assert "How long: 30 days" in text
        assert "How long: 90 days" in text


def test_every_table_is_on_the_list_just_once() -> None:
    listed = [table.name for one in data_list.LIST for table in one.tables]
    assert sorted(listed) == sorted(metadata.tables), "say what is stored there, why and how long"


def test_the_list_is_said_in_both_languages() -> None:
    every = {one.whose for one in data_list.LIST}
    english, german = (list(data_list.said(language, *every)) for language in ("en", "de"))
    assert [one.key for one in english] == [one.key for one in german] == [one.key for one in data_list.LIST]
    assert all(a.what != b.what and a.why != b.why for a, b in zip(english, german, strict=True))


def test_the_front_page_offers_both_ways_in_and_asks_nobody_to_type_a_shop_there(hosted: FlaskClient) -> None:
    page = hosted.get("/?lang=en").text
    assert f'href="{LISTING}"' in page
    assert 'href="/connect/woocommerce"' in page
    assert "<input" not in page
    assert 'href="/sandbox' not in page
    assert len(hosted.get("/?lang=de").data) < 20_000


def test_the_example_on_the_front_page_speaks_the_visitors_language(hosted: FlaskClient) -> None:
    assert "The person has bought in the meantime." in told(hosted, "/?lang=en")
    assert "Die Person hat inzwischen gekauft." in told(hosted, "/?lang=de")
    assert "48,90" in told(hosted, "/?lang=de")


def test_all_that_the_front_page_loads_is_under_100_kilobytes(hosted: FlaskClient) -> None:
    page = hosted.get("/?lang=en")
    loaded = set(re.findall(r'(?:src|href)="/(static/[^"?]+)', page.text))
    assert loaded
    assert len(page.data) + sum((ROOT / one).stat().st_size for one in loaded) < 100_000


def test_without_a_listing_one_is_told_where_to_open_it(sqlite_url: str) -> None:
    app = create_app(read_config(HOSTED | {"DATABASE_URL": sqlite_url}))
    page = app.test_client().get("/?lang=en").text
    assert "In Shopify, open Kontor from your shop" in unescape(page)
    app.extensions["kontor"].db.dispose()


def test_in_development_one_is_in_the_sandbox_at_once(client: FlaskClient) -> None:
    assert client.get("/").location == "/sandbox"


def test_every_page_leads_to_them(client: FlaskClient) -> None:
    for path in ("/sandbox", "/sign-in", "/no-such-page"):
        page = client.get(path).text
        assert all(f'href="/{name}"' in page for name in PAGES), path


@pytest.fixture
def client(app: object) -> FlaskClient:
    found: FlaskClient = app.test_client()  # type: ignore[attr-defined]
    return found
