"""A rendered message as its effect's row keeps it."""

import json
import zlib

from engine.machine import Machine
from engine.rendering import Rendered


def kept_message(machine: Machine, key: str, content: bytes) -> Rendered:
    """The message as it was rendered, from the effect's row."""
    told = json.loads(zlib.decompress(machine.vault.open(content, f"effect:{key}:content")))
    return Rendered(told["subject"], told["preheader"], told["html"], told["text"])


def sealable(rendered: Rendered) -> bytes:
    """A page shrinks to a fifth, which is what each commit waits for."""
    told = {
        "subject": rendered.subject,
        "preheader": rendered.preheader,
        "html": rendered.html,
        "text": rendered.text,
    }
    return zlib.compress(json.dumps(told, ensure_ascii=False).encode("utf-8", "replace"), level=1)
