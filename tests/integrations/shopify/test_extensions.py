"""What Shopify runs for us: the block is as Shopify's rules and its own theme check want it."""

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from integrations.shopify.app_proxy import BLOCK
from web.own_pages import PASTED

ROOT = Path(__file__).parents[3]
FOLDER = ROOT / "integrations" / "shopify" / "extensions"
THEME = FOLDER / "kontor-back-in-stock"
SOURCE = (THEME / "blocks" / f"{BLOCK}.liquid").read_text()
SCHEMA: dict[str, Any] = json.loads(SOURCE.partition("{% schema %}")[2].partition("{% endschema %}")[0])
APP: dict[str, Any] = tomllib.loads((ROOT / "shopify.app.toml").read_text())
# https://shopify.dev/docs/apps/build/online-store/theme-app-extensions/configuration
FOLDERS = {"assets", "blocks", "locales", "snippets", "shopify.extension.toml"}
SCRIPT, STYLES, LOCALE, NAME = 10_000, 100_000, 15 * 1024, 25
OF_SCHEMA = {"name", "target", "enabled_on", "javascript", "stylesheet", "settings"}
# https://shopify.dev/docs/storefronts/themes/architecture/settings/input-settings
OF_SETTINGS = {
    "product": {"autofill"},
    "text": {"default", "placeholder"},
    "checkbox": {"default"},
    "color": {"default"},
    "range": {"min", "max", "step", "unit", "default"},
}
FORBIDDEN = ("javascript", "stylesheet", "include", "layout", "section", "sections")


def words(name: str) -> dict[str, str]:
    """Every text of a file by its whole name."""

    def flat(told: dict[str, Any], before: str) -> dict[str, str]:
        found: dict[str, str] = {}
        for key, one in told.items():
            found |= flat(one, f"{before}{key}.") if isinstance(one, dict) else {f"{before}{key}": one}
        return found

    return flat(json.loads((THEME / "locales" / name).read_text()), "")


def test_the_app_names_the_folder_of_its_extensions() -> None:
    assert APP["extension_directories"] == ["integrations/shopify/extensions/*"]
    assert APP["app_proxy"] == {
        "url": "https://kontor.example/proxy/shopify",
        "prefix": "apps",
        "subpath": "kontor",
    }
    assert tomllib.loads((THEME / "shopify.extension.toml").read_text())["type"] == "theme"
    assert {path.name for path in THEME.iterdir()} <= FOLDERS


def test_the_blocks_schema_holds_what_a_schema_may_hold() -> None:
    assert SCHEMA.keys() == OF_SCHEMA
    assert SCHEMA["target"] == "section"
    assert SCHEMA["enabled_on"] == {"templates": ["product"]}
    assert len({one["id"] for one in SCHEMA["settings"]}) == len(SCHEMA["settings"])
    for one in SCHEMA["settings"]:
        assert one.keys() - {"type", "id", "label", "info"} <= OF_SETTINGS[one["type"]], one["id"]
        if one["type"] == "range":
            assert (one["max"] - one["min"]) / one["step"] <= 100
            assert (one["default"] - one["min"]) % one["step"] == 0
    for tag in FORBIDDEN:
        assert not re.search(rf"{{%-?\s*{tag}\b", SOURCE)


def test_its_files_are_there_and_small() -> None:
    script, styles = (THEME / "assets" / SCHEMA[kind] for kind in ("javascript", "stylesheet"))
    assert script.stat().st_size <= SCRIPT
    assert styles.stat().st_size <= STYLES
    assert {path.name for path in (THEME / "assets").iterdir()} == {script.name, styles.name} == set(PASTED)


@pytest.mark.parametrize("name", PASTED)
def test_other_pages_get_the_very_same_files(name: str) -> None:
    ours = ROOT / "static" / name
    assert ours.is_symlink(), "the checkout made no link; see decision 32"
    assert ours.resolve() == (THEME / "assets" / name).resolve()


@pytest.mark.parametrize(
    ("english", "german"),
    [("en.default.json", "de.json"), ("en.default.schema.json", "de.schema.json")],
)
def test_both_languages_say_everything(english: str, german: str) -> None:
    assert words(english).keys() == words(german).keys()
    for name in (english, german):
        assert (THEME / "locales" / name).stat().st_size <= LOCALE
        assert all(one.strip() for one in words(name).values())
        assert {key: re.findall(r"{{ \w+ }}", one) for key, one in words(name).items()} == {
            key: re.findall(r"{{ \w+ }}", one) for key, one in words(english).items()
        }


def test_every_text_that_is_used_is_there_and_no_other() -> None:
    shown = set(re.findall(r"'([\w.]+)' \| t\b", SOURCE))
    set_by_merchants = set(re.findall(r'"t:([\w.]+)"', SOURCE))
    assert shown == set(words("en.default.json"))
    assert set_by_merchants == set(words("en.default.schema.json"))
    assert len(words("en.default.schema.json")["block.name"]) <= NAME


def test_what_a_merchant_types_is_escaped() -> None:
    typed = {one["id"] for one in SCHEMA["settings"] if one["type"] == "text"}
    for name in typed:
        for use in re.findall(rf"{{{{-?\s*block\.settings\.{name}\b[^}}]*}}}}", SOURCE):
            assert "| escape" in use, use
