"""What shoppers look at, written down for a month: hearsay, and nobody is named by it."""

from dataclasses import dataclass
from datetime import timedelta

from core import clock
from core.db import transact
from core.models.tables import shop_views
from engine import tallies
from engine.attempts import line_of
from engine.machine import Machine
from engine.tallies import Limit, Try

KINDS = ("viewed", "added", "removed", "cart")
# A shopper looks at less; a shop has as many as that only on its best day.
OF_VISITOR = Limit("view_visitor", 120, timedelta(minutes=10))
OF_MERCHANT = Limit("view_merchant", 20_000, timedelta(hours=1))


@dataclass(frozen=True, slots=True)
class Seen:
    """`client` and `cart` as the page names them; both are kept as keyed hashes alone."""

    kind: str
    client: str
    product_ref: str | None = None
    variant_ref: str | None = None
    cart: str | None = None


def keep(machine: Machine, merchant_id: int, seen: Seen, visitor: str) -> bool:
    """False where there was too much of it, by one visitor or in one shop."""
    whose = machine.vault.fingerprint(merchant_id, f"visitor:{line_of(visitor)}")
    if not tallies.has_room(machine, [Try(OF_VISITOR, whose), Try(OF_MERCHANT, str(merchant_id))]):
        return False
    row = {
        "merchant_id": merchant_id,
        "kind": seen.kind,
        "product_ref": seen.product_ref,
        "variant_ref": seen.variant_ref,
        "cart": _hidden(machine, merchant_id, "cart", seen.cart),
        "client": _hidden(machine, merchant_id, "client", seen.client),
        "at": clock.now(),
    }
    transact(machine.db, lambda session: session.execute(shop_views.insert().values(**row)))
    return True


def _hidden(machine: Machine, merchant_id: int, kind: str, told: str | None) -> str | None:
    return machine.vault.fingerprint(merchant_id, f"view_{kind}:{told}") if told else None
