"""What Authlib takes for an HTTP session: it prepares and reads, our guarded client sends."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from core.errors import KontorError, NeedsMerchant, Permanent, Retryable
from core.http import HttpClient


@dataclass(frozen=True, slots=True)
class Heard:
    """An answer as Authlib reads it. An error's sentence is left out: Authlib
    trips over unusual letters in it, and it may repeat the token."""

    status_code: int
    body: bytes = field(repr=False)

    def json(self) -> Any:
        told = json.loads(self.body)
        return {k: v for k, v in told.items() if k != "error_description"} if isinstance(told, dict) else told

    def raise_for_status(self) -> None:
        """Asked for only where no JSON object came: something between us and Shopify spoke."""
        raise Retryable(f"answered {self.status_code} and no token")


class Sending:
    def __init__(self, client: HttpClient) -> None:
        self._client = client

    def post(self, url: str, data: Mapping[str, str], headers: Mapping[str, str], auth: Any) -> Heard:
        """A token asked for twice does no harm, so nothing is ever in doubt."""
        url, prepared, body = auth.prepare("POST", url, dict(headers), urlencode(data))
        try:
            reply = self._client.send("POST", url, headers=prepared, content=body.encode(), changes=False)
        except (Permanent, NeedsMerchant) as error:
            return _refused(error)
        return Heard(reply.status, reply.body)


def _refused(error: KontorError) -> Heard:
    """A "no" with a reason in it is for Authlib to read; whatever came without one stays an error."""
    refusal = error.refusal
    if refusal is None or refusal.status < 400:
        raise error
    try:
        named = isinstance(json.loads(refusal.body).get("error"), str)
    except (ValueError, AttributeError):
        named = False
    if not named:
        raise error
    return Heard(refusal.status, refusal.body)
