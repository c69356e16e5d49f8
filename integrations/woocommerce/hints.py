"""Bodies that only hint: a deletion, or an error where the resource should be.

A trashed page can arrive as the deletion of a product, so a deletion is never
a fact. An error body is validly signed: the resource went away, or the user
whose key we hold lost the right to see it.
"""

from core.events import AccessLost, Event, LookUp, LookUpKind
from integrations.payload import Payload

KINDS: dict[str, LookUpKind] = {"customer": "customer", "order": "order", "product": "product"}
# As the REST API refuses: the user whose key we hold is gone, or may not see this any more.
NO_ACCESS = {401: "keys_refused", 403: "owner_demoted"}


def is_hint(payload: Payload) -> bool:
    return payload.keys() == {"id"} or _is_error(payload)


def _is_error(payload: Payload) -> bool:
    keys = payload.keys()
    return "id" not in keys and {"code", "message"} <= keys


def read(payload: Payload) -> list[Event | LookUp]:
    if _is_error(payload):
        return _error(payload)
    resource = payload.topic.split(".", 1)[0]
    return [LookUp(KINDS[resource], payload.ref("id"))] if resource in KINDS else []


def _error(payload: Payload) -> list[Event | LookUp]:
    """It does not say of which resource it speaks: a product's loss is found by
    reading the catalogue; an order's by the question before each message."""
    data = payload.part_or_none("data")
    why = NO_ACCESS.get(data.whole_or_none("status") or 0) if data else None
    if why:
        return [AccessLost(why)]
    return [LookUp("catalogue", "products")] if payload.topic.startswith("product.") else []
