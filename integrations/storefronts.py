"""What a Storefront must do: a platform whose shops hand requests of their own pages on to us, signed."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from core.config import Config


class Storefront(Protocol):
    """One platform's. What a shopper typed is hers to choose; which shop she is in is signed."""

    key: str

    def shop(self, query: str, secrets: Sequence[str], now: datetime) -> str | None:
        """The address under which the shop's connection is stored; None unless the
        platform signed this query for it just now."""
        ...

    def editor(self, shop: str, config: Config) -> str | None:
        """Where in the shop's admin a merchant puts our form on her product page."""
        ...
