"""Breaks a JSON body in one place, as a platform might in its next version."""

import json
from copy import deepcopy
from typing import Any

from hypothesis import strategies as st

# What JSON can carry that a reader may stumble over.
JUNK: list[Any] = [
    None, True, False, 0, -1, 2**53 + 1, 10**30, 1.5, -0.0, 1e308, "", " ", "0", "x", "\x00", "\ud800",
    "NaN", "Infinity", "-1", "1e999999", "1E-999999", "9" * 5000, "2026-02-30T00:00:00Z", "2026-01-01",
    "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00", "https://[", "javascript:alert(1)",
    "gid://shopify/Shop/1", "parent", "checkout-draft", "variation", [], {}, [None], [[]], [{}], [1, "x"],
    {"id": 1}, {"status": 403},
]  # fmt: skip


@st.composite
def broken(draw: st.DrawFn, body: bytes) -> bytes:
    """The body with one to three values replaced, left out or added."""
    content = json.loads(body)
    for _ in range(draw(st.integers(1, 3))):
        _break(draw, content)
    return json.dumps(content).encode()


def _break(draw: st.DrawFn, content: Any) -> None:
    places = list(_places(content))
    if not places:
        return
    holder, key = draw(st.sampled_from(places))
    if draw(st.booleans()):
        holder[key] = deepcopy(draw(st.sampled_from(JUNK)))  # A later break may reach inside it.
    elif isinstance(holder, dict):
        del holder[key]
    else:
        holder.pop(key)


def _places(node: Any) -> list[tuple[Any, Any]]:
    """Every value's holder and its key or index there."""
    inside = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    return [place for key, one in inside for place in [(node, key), *_places(one)]]
