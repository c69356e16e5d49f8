"""One store's REST API: the woocommerce package, sent through the guarded client.

HTTPS only, no redirect followed. A store is never given up for one refusal:
what it refuses is asked once more before the merchant is told.
"""

import base64
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from woocommerce import API

from core.errors import InDoubt, KontorError, NeedsMerchant, Retryable
from core.http import HttpClient, Reply
from integrations.roles import Access
from integrations.woocommerce import refusals
from integrations.woocommerce.home import home_url

AGENT = "Kontor"
VERSION = "wc/v3"
MOST = 100  # A page holds no more; the store refuses to be asked for more.
MOST_PAGES = 1000

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Answered:
    """What the store said, read, and the headers it came with."""

    said: Any
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Page:
    """Some rows of a list; `pages` is how many the whole of it has."""

    rows: list[Row]
    pages: int
    headers: Mapping[str, str]


class StoreApi(API):  # type: ignore[misc]
    """`token` is "ck_…:cs_…". With `auth` "query" the keys travel in the
    address, for hosts that cut the Authorization header off."""

    def __init__(
        self,
        client: HttpClient,
        home: str,
        token: str,
        auth: str = "basic",
        entry: str = "",
        version: str = VERSION,
    ) -> None:
        key, _, secret = token.partition(":")
        if not home.startswith("https://") or not (key and secret):
            raise NeedsMerchant("keys_refused")
        base = home + (f"/{entry}" if entry else "")
        super().__init__(base, key, secret, query_string_auth=auth == "query", version=version)
        self._client = client

    @classmethod
    def of(cls, client: HttpClient, access: Access, version: str = VERSION) -> "StoreApi":
        meta = access.meta
        return cls(
            client,
            home_url(access.identity.domain),
            access.token or "",
            meta.get("auth", "basic"),
            meta.get("entry", ""),
            version,
        )

    def index(self) -> Row:
        """What the site says of itself to anybody."""
        try:
            with _sorted_by_what_was_said():
                reply = self._client.send("GET", f"{self.url}/wp-json/", headers=_headers())
        except NeedsMerchant as error:
            raise NeedsMerchant(self._reason("GET", error)) from error
        return _object(_read(reply, changes=False))

    def one(self, endpoint: str, **params: str) -> Row | None:
        """None where there is no such thing."""
        try:
            return _object(self.get(endpoint, params=params).said)
        except KontorError as error:
            if refusals.is_absence(error):
                return None
            raise

    def page(self, endpoint: str, **params: str) -> Page:
        asked = {"per_page": str(MOST), "page": "1"} | params
        answer = self.get(endpoint, params=asked)
        rows, number = _objects(answer.said), int(asked["page"])
        guessed = number + (len(rows) >= int(asked["per_page"]))  # Where a proxy cut the header off.
        return Page(rows, _count(answer, "totalpages") or guessed, answer.headers)

    def count(self, endpoint: str, **params: str) -> int:
        """How many rows the whole list has."""
        counted = _count(self.get(endpoint, params={"per_page": "1", "_fields": "id"} | params), "total")
        if counted is None:
            raise Retryable("the store did not say how many")
        return counted

    def every(self, endpoint: str, **params: str) -> Iterator[Row]:
        """All rows, page by page; for lists that are short or whose gaps are found later."""
        for number in range(1, MOST_PAGES):
            page = self.page(endpoint, **params, page=str(number))
            yield from page.rows
            if number >= page.pages:
                return

    def listed(self, endpoint: str, refs: Sequence[str], **params: str) -> Iterator[Row]:
        """Those of these ids that the store lists."""
        numbers = [ref for ref in dict.fromkeys(refs) if ref.isdecimal()]
        for start in range(0, len(numbers), MOST):
            some = ",".join(numbers[start : start + MOST])
            yield from self.page(endpoint, **params, include=some).rows

    def made(self, endpoint: str, data: Row, *, changes: bool = True) -> Row:
        """`changes` is False where doing it again sets right what a lost answer leaves open."""
        return _object(self.post(endpoint, data, changes=changes).said, changes)

    def deleted(self, endpoint: str) -> None:
        """For good, not into the trash. What is gone already is as it should be."""
        try:
            self.delete(endpoint, params={"force": "true"}, changes=False)
        except KontorError as error:
            if not refusals.is_absence(error):
                raise

    def _API__request(  # noqa: N802 - the package calls it by this name.
        self,
        method: str,
        endpoint: str,
        data: Row | None,
        params: Mapping[str, str] | None = None,
        *,
        changes: bool | None = None,
    ) -> Answered:
        """The package's own sending, replaced: it follows redirects and writes
        the secret into the caller's parameters."""
        changes = method != "GET" if changes is None else changes
        try:
            return self._exchange(method, endpoint, data, params, changes)
        except NeedsMerchant:
            return self._once_more(method, endpoint, data, params, changes)

    def _once_more(self, method: str, *call: Any) -> Answered:
        """A refused call surely did nothing, so it may be repeated."""
        try:
            return self._exchange(method, *call)
        except NeedsMerchant as error:
            why = NeedsMerchant(self._reason(method, error))
            why.refusal = error.refusal
            raise why from error

    def _reason(self, method: str, error: NeedsMerchant) -> str:
        said = refusals.code(error.refusal)
        if error.refusal is None or error.refusal.status in refusals.MOVED:
            return str(error)
        if not (said or "").startswith(refusals.OWN):
            return "api_closed"
        if error.refusal.status == 403:
            return "owner_demoted"
        return "read_only" if method != "GET" and self._may_read() else "keys_refused"

    def _may_read(self) -> bool:
        try:
            self._exchange("GET", "orders", None, {"per_page": "1", "_fields": "id"}, False)
        except NeedsMerchant:
            return False
        return True

    def _exchange(
        self, method: str, endpoint: str, data: Row | None, params: Mapping[str, str] | None, changes: bool
    ) -> Answered:
        headers, asked = _headers(), dict(params or {})
        if self.query_string_auth:
            asked |= {"consumer_key": self.consumer_key, "consumer_secret": self.consumer_secret}
        else:
            headers["authorization"] = _basic(self.consumer_key, self.consumer_secret)
        content = None
        if data is not None:
            content = json.dumps(data, ensure_ascii=False).encode()
            headers["content-type"] = "application/json;charset=utf-8"
        url = self._API__get_url(endpoint)
        with _sorted_by_what_was_said():
            reply = self._client.send(
                method, url, params=asked, headers=headers, content=content, changes=changes
            )
        return Answered(_read(reply, changes), reply.headers)


@contextmanager
def _sorted_by_what_was_said() -> Iterator[None]:
    try:
        yield
    except KontorError as error:
        again = refusals.sorted_again(error)
        if again is error:
            raise
        raise again from error


def _headers() -> dict[str, str]:
    """A cache between us and the store would answer with yesterday's orders."""
    return {"accept": "application/json", "cache-control": "no-cache", "user-agent": AGENT}


def _basic(key: str, secret: str) -> str:
    return "Basic " + base64.b64encode(f"{key}:{secret}".encode()).decode()


def _read(reply: Reply, changes: bool) -> Any:
    """A page for people, though with a status of success, is a firewall's
    question or a maintenance note: not an answer of the store."""
    try:
        if refusals.is_json(reply.headers):
            return refusals.parsed(reply.body)
    except ValueError:
        pass
    raise _unclear("an answer that is no JSON", changes)


def _unclear(why: str, changes: bool) -> InDoubt | Retryable:
    return InDoubt(why) if changes else Retryable(why)


def _object(said: Any, changes: bool = False) -> Row:
    if not isinstance(said, dict):
        raise _unclear("an answer that is no object", changes)
    return said


def _objects(said: Any) -> list[Row]:
    if not isinstance(said, list) or not all(isinstance(row, dict) for row in said):
        raise Retryable("an answer that is no list")
    return said


def _count(answer: Answered, what: str) -> int | None:
    said = answer.headers.get(f"x-wp-{what}", "")
    return int(said) if said.isdecimal() else None
