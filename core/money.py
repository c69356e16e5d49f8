"""Money as whole minor units with its currency."""

from dataclasses import dataclass
from decimal import Decimal

from babel.numbers import format_currency, get_currency_precision


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

    def decimal(self) -> Decimal:
        """The amount in major units, exact."""
        return Decimal(self.minor).scaleb(-get_currency_precision(self.currency))

    def shown(self, locale: str) -> str:
        """The amount as people of `locale` write it."""
        return format_currency(self.decimal(), self.currency, locale=locale)
