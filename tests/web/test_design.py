"""One page shows every part, and nothing is kept that no page is made of."""

import re
from pathlib import Path

from flask import Flask

from app import create_app
from core.config import read_config
from tests.core.test_config import HOSTED

ROOT = Path(__file__).parents[2]
CLASS = re.compile(r"\.(-?[a-z][a-z0-9-]*)(?=[^{}]*\{)")
# Named by what is in a row: a state, a mode, a kind of decision or of field.
BY_VALUE = ("is-", "tag-", "mode-", "field-", "unit-", "bar-", "key-", "flow-", "step-")


def test_the_page_of_all_parts_is_there_in_development_only(app: Flask, sqlite_url: str) -> None:
    assert "Every part of a page" in app.test_client().get("/design").text
    hosted = create_app(read_config(HOSTED | {"DATABASE_URL": sqlite_url}))
    assert hosted.test_client().get("/design").status_code == 404
    hosted.extensions["kontor"].db.dispose()


def test_no_style_is_kept_that_no_page_uses() -> None:
    styles = re.sub(r"/\*.*?\*/", "", (ROOT / "static/app.css").read_text(), flags=re.DOTALL)
    named = {name for name in CLASS.findall(styles) if not name.startswith(BY_VALUE)}
    pages = [*(ROOT / "templates").rglob("*.html"), *(ROOT / "web").rglob("*.py")]
    used = set(re.findall(r"[a-z][a-z0-9-]*", " ".join(page.read_text() for page in pages)))
    assert len(named) > 150
    assert named - used == set()


def test_every_token_has_its_night() -> None:
    styles = (ROOT / "static/app.css").read_text()
    by_day, by_night = styles.split("prefers-color-scheme")[:2]
    day, night = (
        set(re.findall(r"--([a-z-]+): #", part.partition("}\n\n")[0])) for part in (by_day, by_night)
    )
    assert len(day) > 15
    assert day == night
