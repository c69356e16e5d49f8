"""Styles and pictures: loaded once, small, and new as soon as they change."""

import gzip
from pathlib import Path

import pytest
from flask import Flask

from tests.web.browsing import Visitor
from web.own_pages import PASTED

ROOT = Path(__file__).parents[2]


def styles_of(visitor: Visitor) -> str:
    return visitor.text.partition('rel="stylesheet" href="')[2].partition('"')[0]


def test_the_browser_asks_for_the_styles_once(visitor: Visitor) -> None:
    with visitor.client.get(styles_of(visitor)) as answer:
        assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"


@pytest.mark.parametrize("asked", ["/static/app.css", "/static/app.css?v=older"])
def test_whoever_asks_without_the_right_mark_asks_again_next_time(visitor: Visitor, asked: str) -> None:
    with visitor.client.get(asked) as answer:
        assert answer.headers["Cache-Control"] == "no-cache"
        assert answer.data == (ROOT / "static/app.css").read_bytes()


@pytest.mark.parametrize("name", PASTED)
def test_what_stands_in_other_peoples_pages_is_kept_for_a_day(app: Flask, name: str) -> None:
    """Its address has no mark; and whatever page it stands in may run it."""
    with app.test_client().get(f"/static/{name}") as answer:
        assert answer.headers["Cache-Control"].startswith("public, max-age=86400")
        assert answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
        assert answer.data == (ROOT / "static" / name).read_bytes()


def test_text_goes_packed_to_whoever_can_unpack_it(visitor: Visitor) -> None:
    plain = (ROOT / "static/app.css").read_bytes()
    with visitor.client.get("/static/app.css", headers={"Accept-Encoding": "br, gzip"}) as packed:
        assert packed.headers["Content-Encoding"] == "gzip"
        assert packed.headers["Vary"] == "Accept-Encoding"
        assert len(packed.data) == int(packed.headers["Content-Length"]) < len(plain) / 3
        assert gzip.decompress(packed.data) == plain
    with visitor.client.get("/static/app.css") as answer:
        assert ("Content-Encoding" in answer.headers, answer.data) == (False, plain)


def test_pictures_go_as_they_are(visitor: Visitor) -> None:
    with visitor.client.get("/static/sandbox/mug.png", headers={"Accept-Encoding": "gzip"}) as answer:
        assert "Content-Encoding" not in answer.headers
        assert answer.data == (ROOT / "static/sandbox/mug.png").read_bytes()


@pytest.mark.parametrize("path", ["/static/no.css", "/static/../app.py", "/static/%2e%2e/app.py", "/static/"])
def test_nothing_but_what_lies_there_is_sent(app: Flask, path: str) -> None:
    assert app.test_client().get(path, headers={"Accept-Encoding": "gzip"}).status_code == 404
