"""Published signatures and tokens, and what must be thought of each."""

import json
from typing import Any

from tests.integrations.recorded import PAYLOADS

VECTORS: dict[str, Any] = json.loads((PAYLOADS / "shopify" / "vectors.json").read_bytes())


def cases(kind: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = VECTORS[kind]["cases"]
    return found


def named(case: dict[str, Any]) -> str:
    return str(case.get("name") or case.get("decoded"))
