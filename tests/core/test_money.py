"""Money is whole minor units: what a platform writes is read to the cent."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.money import Money


@pytest.mark.parametrize(
    ("written", "currency", "minor"),
    [
        ("19.99", "EUR", 1999),
        ("0.1", "EUR", 10),
        ("398.00", "USD", 39800),
        (1500, "JPY", 1500),
        ("1.234", "KWD", 1234),
        ("1E+2", "EUR", 10000),
        ("-5.005", "EUR", -501),
        ("2.675", "EUR", 268),
        (Decimal("0.005"), "EUR", 1),
    ],
)
def test_what_a_platform_writes_is_read_to_the_minor_unit(
    written: str | int | Decimal, currency: str, minor: int
) -> None:
    assert Money.parse(written, currency) == Money(minor, currency)


@pytest.mark.parametrize(
    "written", ["", "abc", "NaN", "Infinity", "-Infinity", "1,99", "1e999999", "19.99 €"]
)
def test_what_is_no_amount_is_refused(written: str) -> None:
    with pytest.raises(ValueError, match="not an amount of money"):
        Money.parse(written, "EUR")


@given(st.integers(-(10**15), 10**15), st.sampled_from(["EUR", "USD", "JPY", "KWD"]))
def test_an_amount_written_out_is_read_as_the_same(minor: int, currency: str) -> None:
    assert Money.parse(Money(minor, currency).decimal(), currency) == Money(minor, currency)


@pytest.mark.parametrize(
    ("money", "locale", "shown"),
    [
        (Money(1999, "EUR"), "de_DE", "19,99\xa0€"),
        (Money(1999, "EUR"), "en_GB", "€19.99"),
        (Money(123456789, "USD"), "en_US", "$1,234,567.89"),
        (Money(1500, "JPY"), "ja_JP", "￥1,500"),
    ],
)
def test_an_amount_is_shown_as_people_there_write_it(money: Money, locale: str, shown: str) -> None:
    assert money.shown(locale) == shown
