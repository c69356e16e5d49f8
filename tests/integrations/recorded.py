"""The recorded deliveries of every platform, as requests that arrive at the door."""

import importlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from integrations.roles import Request

PAYLOADS = Path(__file__).parent.parent / "payloads"
SECRET = "a-secret-of-the-tests"
ADDRESS = "the-random-path-of-one-store"


@dataclass(frozen=True)
class Recorded:
    """`secret` is None where the platform did not sign."""

    name: str
    topic: str
    request: Request
    secret: str | None

    def json(self) -> Any:
        return json.loads(self.request.body)


@cache
def recorded(platform: str) -> tuple[Recorded, ...]:
    """Every recorded delivery of a platform; empty if it has none."""
    folder = PAYLOADS / platform
    files = [file for file in sorted(folder.glob("*.json")) if _is_delivery(file)]
    return tuple(_read(platform, file) for file in files)


def one(platform: str, name: str) -> Recorded:
    return next(delivery for delivery in recorded(platform) if delivery.name == name)


def edited(delivery: Recorded, **changes: Any) -> bytes:
    """The recorded body with some of its top-level values replaced."""
    return json.dumps(delivery.json() | changes).encode()


def without(delivery: Recorded, *keys: str) -> bytes:
    """The recorded body with some of its top-level keys left out."""
    return json.dumps({key: value for key, value in delivery.json().items() if key not in keys}).encode()


def arriving(headers: dict[str, str], body: bytes) -> Request:
    """A request as the web hands it over: header names in lower case."""
    return Request({name.lower(): value for name, value in headers.items()}, body, ADDRESS)


def _is_delivery(file: Path) -> bool:
    return not file.name.startswith("_") and file.name != "vectors.json"


def _read(platform: str, file: Path) -> Recorded:
    content = json.loads(file.read_bytes())
    captured = {"request", "webhook_secret"} <= content.keys()
    return _captured(file.stem, content) if captured else _body_only(platform, file)


def _captured(name: str, content: dict[str, Any]) -> Recorded:
    request = arriving(dict(content["request"]["headers"]), content["request"]["body"].encode())
    topics = [value for header, value in request.headers.items() if header.endswith("-topic")]
    return Recorded(name, topics[0] if topics else "", request, content["webhook_secret"])


def _body_only(platform: str, file: Path) -> Recorded:
    body, topic = file.read_bytes(), _topics(platform)[file.name]
    sign: Callable[..., dict[str, str]] = importlib.import_module(f"integrations.{platform}.sign").sign
    return Recorded(file.stem, topic, arriving(sign(body, SECRET, topic), body), SECRET)


@cache
def _topics(platform: str) -> dict[str, str]:
    told = json.loads((PAYLOADS / platform / "_topics.json").read_bytes())
    return {about["file"]: topic for topic, about in told["topics"].items()}
