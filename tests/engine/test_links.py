"""Links name what may be done and can't be made by anybody else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.config import Config, read_config
from engine import links

CONFIG: Config = read_config({"KONTOR_ENV": "development", "APP_URL": "https://kontor.test"})


def token(url: str) -> str:
    return url.rsplit("/", 1)[1]


def test_an_unsubscribe_link_names_merchant_address_and_message() -> None:
    url = links.unsubscribe_url(CONFIG, 3, 1_000_000, 2_000_000)

    assert url.startswith("https://kontor.test/u/")
    assert len(url) < 110
    assert links.open_unsubscribe(CONFIG, token(url)) == links.Unsubscribe(3, 1_000_000, 2_000_000)


def test_a_click_link_names_merchant_message_and_link() -> None:
    url = links.click_url(CONFIG, 3, 2_000_000, "cart")

    assert url.startswith("https://kontor.test/c/")
    assert links.open_click(CONFIG, token(url)) == links.Clicked(3, 2_000_000, "cart")


def test_the_secret_itself_signs_nothing() -> None:
    signers = {links._signer(CONFIG.secret_key, purpose).make_signer(purpose) for purpose in ("a", "b")}
    keys = {signer.derive_key() for signer in signers}
    assert len(keys) == 2
    assert CONFIG.secret_key.encode() not in keys


@given(st.text(max_size=80))
def test_what_we_did_not_sign_opens_nothing(made_up: str) -> None:
    assert links.open_click(CONFIG, made_up) is None
    assert links.open_unsubscribe(CONFIG, made_up) is None


@given(st.integers(min_value=0, max_value=200), st.characters(categories=["Lu", "Ll", "Nd"], codec="ascii"))
def test_a_token_changed_in_one_place_opens_nothing(at: int, other: str) -> None:
    whole = token(links.unsubscribe_url(CONFIG, 1, 2, 3))
    at %= len(whole) - 1  # The last character carries padding bits that mean nothing.
    changed = whole[:at] + other + whole[at + 1 :]
    opened = links.open_unsubscribe(CONFIG, changed)
    assert opened is None or changed == whole


@pytest.mark.parametrize(
    ("url", "tagged"),
    [
        ("https://s.example/cart", "https://s.example/cart?{tags}"),
        ("https://s.example/?key=a%20b&sig=x%2By#top", "https://s.example/?key=a%20b&sig=x%2By&{tags}#top"),
        ("https://s.example/?a", "https://s.example/?a&{tags}"),
    ],
)
def test_tags_are_added_and_what_was_there_stays_to_the_letter(url: str, tagged: str) -> None:
    tags = "utm_source=kontor&utm_medium=email&utm_campaign=cart_recovery&utm_content=step-2"
    assert links.with_utm(url, "cart_recovery", 2) == tagged.format(tags=tags)


def test_the_merchants_own_tags_win() -> None:
    found = links.with_utm("https://s.example/?utm_source=hers", "cart_recovery", 1)
    assert found.count("utm_source") == 1
    assert "utm_source=hers" in found


def test_tagging_twice_tags_once() -> None:
    once = links.with_utm("https://s.example/", "cart_recovery", 1)
    assert links.with_utm(once, "cart_recovery", 1) == once
