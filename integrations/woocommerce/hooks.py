"""The webhooks that should be and those the store has: made the same, with as few changes as possible."""

from collections.abc import Sequence
from typing import Literal

from integrations.live import Hook
from integrations.woocommerce.api import Row, StoreApi
from integrations.woocommerce.topics import READERS

NAME = "Kontor"
FIELDS = "id,status,topic,delivery_url"


def seen(api: StoreApi, url: str) -> list[Hook]:
    return _told(_ours(api, url))


def mend(api: StoreApi, url: str, secret: str) -> list[Hook]:
    """A disabled one is made anew: switched on again it would keep its count of
    failures, and the next one would switch it off."""
    ours = _ours(api, url)
    kept = _kept(ours)
    for row in ours:
        if row not in kept.values():
            api.deleted(f"webhooks/{row.get('id')}")
    missing = [topic for topic in READERS if topic not in kept]
    made = [_make(api, topic, url, secret) for topic in missing]
    return _told([*kept.values(), *made])


def drop(api: StoreApi, url: str) -> None:
    for row in _ours(api, url):
        api.deleted(f"webhooks/{row.get('id')}")


def _ours(api: StoreApi, url: str) -> list[Row]:
    """Known by where they lead to; others are none of our business."""
    rows = api.every("webhooks", _fields=FIELDS, orderby="id", order="asc")
    return [row for row in rows if row.get("delivery_url") == url]


def _kept(ours: Sequence[Row]) -> dict[str, Row]:
    """One active for each topic that is read, the oldest."""
    kept: dict[str, Row] = {}
    for row in ours:
        topic = str(row.get("topic"))
        if row.get("status") == "active" and topic in READERS:
            kept.setdefault(topic, row)
    return kept


def _make(api: StoreApi, topic: str, url: str, secret: str) -> Row:
    """The store greets the address while this call is open. A lost answer
    leaves at most a double, which the next mending deletes."""
    wanted = {"name": f"{NAME}: {topic}", "topic": topic, "delivery_url": url, "secret": secret}
    return api.made("webhooks", wanted, changes=False)


def _told(ours: Sequence[Row]) -> list[Hook]:
    states = {topic: [row.get("status") for row in ours if row.get("topic") == topic] for topic in READERS}
    return [Hook(topic, _state(said)) for topic, said in states.items()]


def _state(said: Sequence[object]) -> Literal["active", "disabled", "missing"]:
    if not said:
        return "missing"
    return "active" if "active" in said else "disabled"
