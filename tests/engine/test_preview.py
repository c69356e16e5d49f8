"""A message as it would be: with her newest cart or a made-up one, and nothing is written or sent."""

import pytest

from core.db import reading
from core.models import metadata
from engine.own_words import words_of_step
from engine.preview import CODE, FIRST_NAME, Preview, preview
from integrations.sandbox import seed
from tests.engine.stories import CART_RECOVERY, with_postbox
from tests.support.kontor import Kontor


def look(kontor: Kontor, step: int = 1, language: str = "en", **typed: str) -> Preview:
    with reading(kontor.machine.db) as session:
        found = words_of_step(session, kontor.merchant_id, CART_RECOVERY, step)
        assert found is not None
        return preview(kontor.machine, session, kontor.merchant, CART_RECOVERY, found, language, typed)


def rows(kontor: Kontor) -> dict[str, int]:
    return {
        table.name: len(kontor.rows(table))
        for table in metadata.sorted_tables
        if {"merchant_id", "id"} <= set(table.c.keys())
    }


def test_it_shows_the_newest_cart_and_never_whose_it_is(kontor: Kontor) -> None:
    kontor.leave_cart("older@example.com")
    kontor.leave_cart("newest@example.com", variants=2)
    shown = look(kontor)
    assert shown.shown == "cart"
    assert len(shown.letter.lines) == 2
    assert f"Hello {FIRST_NAME}," in shown.rendered.text
    assert "newest" not in shown.rendered.html


def test_before_the_first_cart_it_shows_her_products(kontor: Kontor) -> None:
    product = kontor.store.products()[0]
    kontor.hear(kontor.store.sell_out(product.variants[0].ref))
    shown = look(kontor)
    assert shown.shown == "products"
    assert product.title in shown.rendered.text


@pytest.mark.parametrize(
    ("language", "title"), [("en", "Stoneware teapot"), ("de", "Teekanne aus Steinzeug")]
)
def test_before_anything_is_known_it_shows_an_example_of_ours(
    kontor: Kontor, language: str, title: str
) -> None:
    shown = look(kontor, language=language)
    assert shown.shown == "example"
    assert title in shown.rendered.text


def test_what_was_typed_is_shown_before_it_is_saved_and_what_cannot_be_sent_is_not(kontor: Kontor) -> None:
    shown = look(kontor, subject="Tea for {first_name}", heading="Take {code}")
    assert shown.rendered.subject == f"Tea for {FIRST_NAME}"
    assert "Your cart is still here" in shown.rendered.text


def test_an_offer_is_shown_with_a_code_that_nobody_can_use(kontor: Kontor) -> None:
    shown = look(kontor, step=3)
    assert CODE in shown.rendered.text
    assert shown.told["offer"] == "10% off"
    assert set(shown.told) == {"first_name", "shop", "total", "product", "code", "offer", "ends"}
    assert set(look(kontor).told) == {"first_name", "shop", "total", "product"}


def test_looking_changes_nothing_and_its_links_do_nothing(kontor: Kontor) -> None:
    postbox = with_postbox(kontor)
    kontor.leave_cart()
    before = rows(kontor)
    for step, language in ((1, "en"), (2, "de"), (3, "de")):
        html = look(kontor, step, language).rendered.html
        assert "/u/" not in html
        assert "/c/" not in html
        assert f"{kontor.machine.config.app_url}/example/unsubscribe" in html
    assert rows(kontor) == before
    assert postbox.sent == []


def test_another_merchants_cart_is_never_shown(kontor: Kontor) -> None:
    kontor.leave_cart()
    other = seed.seed(kontor.machine.runtime).id
    assert look(Kontor(kontor.machine, other, kontor.door, kontor.store)).shown == "example"
