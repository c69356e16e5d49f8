"""Requests, answers and errors as plain values."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Request:
    """`path` begins after the shop's own folder; header names are lower-case."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes = b""

    @property
    def pairs(self) -> list[tuple[str, str]]:
        return parse_qsl(self.query, keep_blank_values=True)

    def value(self, name: str) -> str:
        return next((value for key, value in reversed(self.pairs) if key == name), "")


@dataclass
class Reply:
    """`after` is done before the answer leaves, with no lock held."""

    status: int
    body: bytes
    headers: list[tuple[str, str]] = field(default_factory=list)
    after: Callable[[], None] | None = None

    def json(self) -> Any:
        return json.loads(self.body)


class RestError(Exception):
    """An error body of the REST API."""

    def __init__(self, status: int, code: str, message: str, **data: Any) -> None:
        super().__init__(code)
        self.status = status
        self.body = {"code": code, "message": message, "data": {"status": status, **data}}


def encoded(value: Any) -> bytes:
    """JSON as PHP writes it: slashes and everything beyond ASCII escaped."""
    return json.dumps(value, separators=(",", ":")).replace("/", "\\/").encode()


def as_json(value: Any, status: int = 200, headers: list[tuple[str, str]] | None = None) -> Reply:
    kind = [("Content-Type", "application/json; charset=UTF-8")]
    return Reply(status, encoded(value), kind + (headers or []))


def page(title: str, content: str, status: int = 200, headers: list[tuple[str, str]] | None = None) -> Reply:
    text = (
        f"<!DOCTYPE html>\n<html lang='en'><head><meta charset='utf-8'><title>{title}</title></head>"
        f"<body>{content}</body></html>\n"
    )
    return Reply(status, text.encode(), [("Content-Type", "text/html; charset=UTF-8"), *(headers or [])])


def redirect(location: str, headers: list[tuple[str, str]] | None = None) -> Reply:
    kind = [("Content-Type", "text/html; charset=UTF-8"), ("Location", location)]
    return Reply(302, b"", kind + (headers or []))


def not_found() -> Reply:
    return page("Page not found", "<h1>Oops! That page can&rsquo;t be found.</h1>", 404)
