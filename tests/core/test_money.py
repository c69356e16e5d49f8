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


@pytest.mark.parametrize(
    ("typed", "currency", "minor"),
    [
        ("12,50", "EUR", 1250),
        ("12.50", "EUR", 1250),
        ("12,5", "EUR", 1250),
        (" 12 € ", "EUR", 1200),
        ("EUR 12", "EUR", 1200),
        ("1.250", "EUR", 125000),
        ("1,250", "EUR", 125000),
        ("1.234,56", "EUR", 123456),
        ("$1,234.56", "USD", 123456),
        ("1 250,00", "EUR", 125000),
        ("1'250.00", "CHF", 125000),
        ("1.250.000", "EUR", 125000000),
        ("0", "EUR", 0),
        ("1500", "JPY", 1500),
        ("1,500", "JPY", 1500),
        ("1.234", "KWD", 1234),
    ],
)
def test_an_amount_is_typed_with_comma_or_point(typed: str, currency: str, minor: int) -> None:
    assert Money.typed(typed, currency) == Money(minor, currency)


@pytest.mark.parametrize(
    ("typed", "currency"),
    [
        ("", "EUR"),
        ("abc", "EUR"),
        ("-3", "EUR"),
        ("1e5", "EUR"),
        ("3 - 4", "EUR"),
        ("1.2.3", "EUR"),
        ("1,2345", "EUR"),
        ("12.50", "JPY"),
        (".50", "EUR"),
        ("9" * 99, "EUR"),
    ],
)
def test_what_is_no_amount_to_type_is_refused(typed: str, currency: str) -> None:
    with pytest.raises(ValueError, match="not an amount"):
        Money.typed(typed, currency)


@given(st.integers(0, 10**9), st.sampled_from(["EUR", "JPY", "KWD"]), st.sampled_from(["en_GB", "de_DE"]))
def test_what_stands_in_an_input_is_read_as_the_same(minor: int, currency: str, locale: str) -> None:
    money = Money(minor, currency)
    assert Money.typed(money.plain(locale), currency) == money
