"""Every setting that a merchant meets is declared whole: default, check, words in both languages."""

from collections.abc import Iterator
from typing import Any, Literal, get_args, get_origin

import pytest

from core.settings import Declared, Settings, declared, setting
from core.steps import steps_of
from engine.shop_settings import ShopSettings
from flows import CATALOGUE

ROOTS: list[type[Settings]] = [ShopSettings, *(flow.Settings for flow in CATALOGUE.values())]


def walk(kind: type[Settings]) -> Iterator[tuple[str, Declared, Any]]:
    """Every setting, those of lists' entries too."""
    for name, one in declared(kind).items():
        yield f"{kind.__name__}.{name}", one, kind.model_fields[name]
        if one.rows is not None:
            yield from walk(one.rows)


ALL = [found for root in ROOTS for found in walk(root)]
each_setting = pytest.mark.parametrize(("one", "info"), [found[1:] for found in ALL], ids=[f[0] for f in ALL])


def test_there_are_settings_to_look_at() -> None:
    assert len(ALL) > 15


@each_setting
def test_it_has_a_label_and_a_default(one: Declared, info: Any) -> None:
    assert all(one.label), "a label in English and in German"
    assert not info.is_required(), "a default"


@each_setting
def test_what_is_said_in_one_language_is_said_in_the_other(one: Declared, info: Any) -> None:
    for english, german in (one.help, one.unit, *(option.help for option in one.options.values())):
        assert bool(english) == bool(german)


@each_setting
def test_every_choice_has_its_words(one: Declared, info: Any) -> None:
    if get_origin(info.annotation) is Literal:
        assert set(one.options) == set(get_args(info.annotation))
        assert all(all(option.label) for option in one.options.values())


@each_setting
def test_money_has_a_most_and_texts_a_longest(one: Declared, info: Any) -> None:
    """So that it can be said what fits."""
    if one.kind in ("money", "number", "hour"):
        assert {"ge", "le"} <= set(one.checks)
    if one.kind in ("line", "lines", "email", "link"):
        assert "max_length" in one.checks


@each_setting
def test_nobody_is_asked_for_cents(one: Declared, info: Any) -> None:
    assert not any("cent" in word.lower().split() for word in (*one.label, *one.help))


@pytest.mark.parametrize("root", ROOTS, ids=lambda root: root.__name__)
def test_sections_name_settings_there_are_and_each_once(root: type[Settings]) -> None:
    named = [name for section in root.sections for name in section.names]
    assert len(named) == len(set(named))
    assert set(named) <= set(declared(root))
    assert all(all(section.title) for section in root.sections)


@pytest.mark.parametrize("flow", CATALOGUE.values(), ids=lambda flow: flow.key)
def test_every_preset_is_a_list_of_steps_that_can_be_saved(flow: Any) -> None:
    for preset in flow.presets.values():
        saved = flow.Settings.model_validate({"steps": [step.model_dump() for step in preset.steps]})
        assert steps_of(saved) == preset.steps
        assert all((*preset.title, *preset.about))


def test_a_setting_without_words_is_refused() -> None:
    class Wordless(Settings):
        days: int = 3

    with pytest.raises(TypeError, match="days"):
        declared(Wordless)


def test_a_kind_brings_its_check() -> None:
    class Mail(Settings):
        reply_to: str = setting("", label="Replies", label_de="Antworten", kind="email", max_length=99)

    assert Mail(reply_to="hello@shop.example").reply_to
    with pytest.raises(ValueError, match="pattern"):
        Mail(reply_to="not an address")
