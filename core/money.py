"""Money as whole minor units with its currency."""

import re
from dataclasses import dataclass
from decimal import Decimal

from babel.numbers import format_currency, format_decimal, get_currency_precision


@dataclass(frozen=True, slots=True, order=True)
class Money:
    """An amount in the minor units of its currency: 1999 EUR is 19.99 €."""

    minor: int
    currency: str

    @classmethod
    def parse(cls, amount: str | int | Decimal, currency: str) -> "Money":
        """Read a platform's decimal text, rounding half up to the minor unit.

        Raises ValueError where the text is no finite number.
        """
        try:
            exact = Decimal(str(amount))
            scaled = exact.scaleb(get_currency_precision(currency))
            whole = scaled.quantize(Decimal(1), "ROUND_HALF_UP")
        except ArithmeticError as error:
            raise ValueError(f"not an amount of money: {amount!r}") from error
        if not whole.is_finite():
            raise ValueError(f"not an amount of money: {amount!r}")
        return cls(int(whole), currency)

    @classmethod
    def typed(cls, text: str, currency: str) -> "Money":
        """Read what a person typed, with a comma or a point: "12,50", "1.250", "12.50 €".

        Raises ValueError where it is no amount of this currency.
        """
        found = _AMOUNT.fullmatch(text.strip())
        whole, part = _parted(_SPACES.sub("", found[1]) if found else "", get_currency_precision(currency))
        if not _WHOLE.fullmatch(whole) or len(part) > get_currency_precision(currency):
            raise ValueError(f"not an amount of money: {text!r}")
        return cls.parse(f"{re.sub('[.,]', '', whole)}.{part or 0}", currency)

    def decimal(self) -> Decimal:
        """The amount in major units, exact."""
        return Decimal(self.minor).scaleb(-get_currency_precision(self.currency))

    def plain(self, locale: str) -> str:
        """The amount as it is typed: "12,50"."""
        places = "0" * get_currency_precision(self.currency)
        return format_decimal(self.decimal(), f"0.{places}" if places else "0", locale=locale)

    def shown(self, locale: str) -> str:
        """The amount as people of `locale` write it."""
        return format_currency(self.decimal(), self.currency, locale=locale)


# Digits with their marks, and perhaps a currency's name or sign around them.
_AMOUNT = re.compile(r"[^\d.,-]*(\d[\d.,' \u00a0\u202f]*?)[^\d.,-]*", re.ASCII)
_SPACES = re.compile("[' \u00a0\u202f]")
# Plain, or parted into thousands by one and the same mark.
_WHOLE = re.compile(r"\d+|\d{1,3}([.,])\d{3}(?:\1\d{3})*", re.ASCII)


def _parted(digits: str, precision: int) -> tuple[str, str]:
    """What stands before and after the decimal mark, the last one there is.
    Where three digits follow it, it parts thousands: nobody types thousandths of a cent."""
    at = max(digits.rfind(","), digits.rfind("."))
    part = digits[at + 1 :] if at >= 0 else ""
    if at < 0 or len(part) == 3 != precision:
        return digits, ""
    return digits[:at], part
