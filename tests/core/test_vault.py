"""Secrets at rest: only their own row opens them, and keys can be changed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.vault import SealBroken, Vault, new_key

ADDRESS_KEY = "a" * 32
OLD, NEW = new_key(), new_key()
TOKEN = "shpat_of_a_shop"


def vault(*keys: str) -> Vault:
    return Vault(keys or (NEW,), ADDRESS_KEY)


@given(st.binary(max_size=500), st.text(max_size=50))
def test_what_is_sealed_is_opened_again(secret: bytes, binding: str) -> None:
    assert vault().open(vault().seal(secret, binding), binding) == secret


def test_a_stolen_table_tells_nothing() -> None:
    sealed = vault().seal(TOKEN, "connection:1")
    assert TOKEN.encode() not in sealed
    assert sealed != vault().seal(TOKEN, "connection:1")


def test_a_token_copied_to_another_row_opens_nothing() -> None:
    sealed = vault().seal(TOKEN, "connection:1")
    with pytest.raises(SealBroken):
        vault().open(sealed, "connection:2")


@pytest.mark.parametrize("place", [0, 5, 20, -1])
def test_an_altered_token_is_noticed(place: int) -> None:
    sealed = bytearray(vault().seal(TOKEN, "connection:1"))
    sealed[place] ^= 1
    with pytest.raises(SealBroken):
        vault().open(bytes(sealed), "connection:1")


@given(st.binary(max_size=40))
def test_junk_is_no_secret(junk: bytes) -> None:
    with pytest.raises(SealBroken):
        vault().open(junk, "connection:1")


@pytest.mark.parametrize("length", [0, 4, 10, 16, 30])
def test_a_token_cut_short_is_noticed(length: int) -> None:
    with pytest.raises(SealBroken):
        vault().open(vault().seal(TOKEN, "connection:1")[:length], "connection:1")


def test_during_a_rotation_both_keys_open_and_the_newest_seals() -> None:
    before = vault(OLD).seal(TOKEN, "connection:1")
    both = vault(NEW, OLD)
    assert both.open(before, "connection:1") == TOKEN.encode()
    assert not both.is_newest(before)
    after = both.seal(TOKEN, "connection:1")
    assert both.is_newest(after)
    assert vault(NEW).open(after, "connection:1") == TOKEN.encode()


def test_after_it_the_old_key_is_of_no_use() -> None:
    before = vault(OLD).seal(TOKEN, "connection:1")
    with pytest.raises(SealBroken):
        vault(NEW).open(before, "connection:1")


@pytest.mark.parametrize("key", ["", "short", "not base64!", "c2hvcnQ=", "ü" * 44])
def test_a_key_that_is_none_is_refused(key: str) -> None:
    with pytest.raises(ValueError, match="32 bytes in base64"):
        vault(key)


def test_an_address_is_found_again_without_being_stored() -> None:
    print_of_anna = vault().fingerprint(1, "anna@example.com")
    assert print_of_anna == vault(OLD).fingerprint(1, "anna@example.com")
    assert "anna" not in print_of_anna


def test_two_merchants_cannot_compare_their_people() -> None:
    assert vault().fingerprint(1, "anna@example.com") != vault().fingerprint(2, "anna@example.com")


def test_without_the_address_key_nobody_can_try_addresses() -> None:
    other = Vault((NEW,), "b" * 32)
    assert vault().fingerprint(1, "anna@example.com") != other.fingerprint(1, "anna@example.com")
