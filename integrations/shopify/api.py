"""Calling Shopify: one GraphQL document, asked within the shop's limits, sorted by what happens next.

| came back | a question | a change |
|---|---|---|
| THROTTLED, SHOP_INACTIVE, a frozen shop (402, 423) | Retryable | Retryable |
| ACCESS_DENIED to what is needed, 401, 403 | NeedsMerchant | NeedsMerchant |
| an error inside Shopify, a body that is no JSON | Retryable | InDoubt |
| a document or a value Shopify refuses, `userErrors` | Permanent | Permanent |

Personal fields may be withheld: they are null and their errors are passed over.
"""

import json
import re
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any

import structlog

from core.errors import InDoubt, KontorError, NeedsMerchant, Permanent, Retryable
from core.http import HttpClient, Reply
from integrations.roles import Access
from integrations.shopify import API_VERSION
from integrations.shopify.fragments import Document
from integrations.shopify.throttle import Throttle

log = structlog.get_logger()

LONGEST_WAIT_SECONDS = 3.0
TRIES = 3
CLOSED = timedelta(hours=1)
# A shop that is frozen or locked; it may come back without the merchant's doing anything at ours.
SHUT = (402, 423)
# Each may be null, so what is withheld takes nothing else away.
PERSONAL = frozenset(
    {
        "billingAddress",
        "customer",
        "defaultAddress",
        "defaultEmailAddress",
        "defaultPhoneNumber",
        "email",
        "firstName",
        "phone",
        "shippingAddress",
    }
)
INSIDE = ("INTERNAL_SERVER_ERROR", "TIMEOUT")
LONGEST_MESSAGE = 300


class Api:
    """One per process, shared by all threads."""

    def __init__(
        self,
        client: HttpClient,
        wait: Callable[[float], None] = time.sleep,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client = client
        self._wait = wait
        self._throttle = Throttle(now)
        self._versions = {API_VERSION}

    def ask(self, access: Access, document: Document, **variables: Any) -> Mapping[str, Any]:
        """What the shop says; nothing is changed, so nothing is ever in doubt."""
        return self._call(access, document, variables, changes=False)

    def change(self, access: Access, document: Document, **variables: Any) -> Mapping[str, Any]:
        """The payload of a mutation with just one field; its `userErrors` are raised."""
        data = self._call(access, document, variables, changes=True)
        (payload,) = data.values()
        refused = (payload or {}).get("userErrors")
        if refused:
            raise Permanent(_told_to_user(refused))
        return payload or {}

    def _call(
        self, access: Access, document: Document, variables: Mapping[str, Any], changes: bool
    ) -> Mapping[str, Any]:
        for _ in range(TRIES):
            self._pause(self._throttle.wait(access.identity.domain, document.name))
            answer = self._send(access, document, variables, changes)
            cost = (answer.get("extensions") or {}).get("cost")
            wait = self._throttle.learn(access.identity.domain, document.name, cost)
            if "THROTTLED" not in _codes(answer):
                return _data(answer, changes)
            self._pause(wait)
        raise Retryable("asked too much of this shop", timedelta(seconds=LONGEST_WAIT_SECONDS))

    def _pause(self, seconds: float) -> None:
        if seconds > LONGEST_WAIT_SECONDS:
            raise Retryable("asked too much of this shop", timedelta(seconds=seconds))
        if seconds > 0:
            self._wait(seconds)

    def _send(
        self, access: Access, document: Document, variables: Mapping[str, Any], changes: bool
    ) -> Mapping[str, Any]:
        if access.token is None:
            raise NeedsMerchant("there is no token")
        try:
            reply = self._client.send(
                "POST",
                f"https://{access.identity.domain}/admin/api/{API_VERSION}/graphql.json",
                headers={"X-Shopify-Access-Token": access.token, "Accept": "application/json"},
                json={"query": document.text, "variables": variables},
                changes=changes,
            )
        except Permanent as error:
            if error.refusal is not None and error.refusal.status in SHUT:
                raise Retryable("the shop is shut", CLOSED) from error
            raise
        self._notice_version(reply)
        return _object(reply, changes)

    def _notice_version(self, reply: Reply) -> None:
        """A version that has died is answered by an older one that lives; told once."""
        served = reply.headers.get("x-shopify-api-version", API_VERSION)
        if served not in self._versions:
            self._versions.add(served)
            log.warning("shopify_version_fell_forward", asked=API_VERSION, served=served[:20])


def _object(reply: Reply, changes: bool) -> Mapping[str, Any]:
    try:
        loaded = json.loads(reply.body, parse_float=Decimal)
    except (ValueError, ArithmeticError, RecursionError) as error:
        raise _lost("no JSON came back", changes) from error
    if not isinstance(loaded, dict):
        raise _lost("no JSON object came back", changes)
    return loaded


def _data(answer: Mapping[str, Any], changes: bool) -> Mapping[str, Any]:
    errors = [error for error in _errors(answer) if not _spared(error)]
    data = answer.get("data")
    if isinstance(data, dict) and not errors:
        return data
    raise _failure(answer, isinstance(data, dict), changes)


def _spared(error: Mapping[str, Any]) -> bool:
    """An error about a person's field, which is then null."""
    return not PERSONAL.isdisjoint(part for part in error.get("path") or () if isinstance(part, str))


def _failure(answer: Mapping[str, Any], partly: bool, changes: bool) -> KontorError:
    codes = _codes(answer)
    if "ACCESS_DENIED" in codes:
        return NeedsMerchant("the shop does not let us read or change this")
    if "SHOP_INACTIVE" in codes:
        return Retryable("the shop is shut", CLOSED)
    if partly or not codes or any(code in INSIDE for code in codes):
        return _lost(f"an error inside the shop: {', '.join(codes) or 'no data'}", changes)
    return Permanent(f"refused: {', '.join(codes)}")


def _codes(answer: Mapping[str, Any]) -> list[str]:
    """What went wrong, in Shopify's own short words; its sentences may repeat what we asked."""
    found = ((error.get("extensions") or {}).get("code") for error in _errors(answer))
    return sorted({str(code)[:60] if code else "UNNAMED" for code in found})


def _errors(answer: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    """A list, or in some refusals a bare sentence, which names nothing."""
    errors = answer.get("errors") or []
    return [one for one in errors if isinstance(one, dict)] if isinstance(errors, list) else [{}]


def _told_to_user(refused: Sequence[Mapping[str, Any]]) -> str:
    """The sentences, without addresses and numbers to be rung."""
    told = "; ".join(str(one.get("message", "")) for one in refused)
    return re.sub(r"\S+@\S+|\+?\d[\d\s()/-]{5,}\d", "…", told)[:LONGEST_MESSAGE]


def _lost(why: str, changes: bool) -> InDoubt | Retryable:
    return InDoubt(why) if changes else Retryable(why)
