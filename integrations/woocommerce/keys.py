"""WooCommerce's own way to hand over keys, and the proof that they are that store's.

The keys arrive unsigned from anybody who knows the address, so what arrives is
believed only as far as `state`, which we made, and a call to the very store.
"""

import json
import re
from urllib.parse import urlencode

from woocommerce.oauth import OAuth

from core.errors import KontorError, NeedsMerchant, Retryable, Unreadable
from core.http import HttpClient
from integrations.self_hosted import HandedOver, Problem
from integrations.woocommerce import refusals
from integrations.woocommerce.api import StoreApi
from integrations.woocommerce.home import home_url
from integrations.woocommerce.problems import problem

LONGEST_CALLBACK = 4096
FIELDS = {"key_id", "user_id", "consumer_key", "consumer_secret", "key_permissions"}
STATE = r"[A-Za-z0-9._~-]{16,200}"


def authorize_url(
    domain: str, *, app_name: str, state: str, return_url: str, callback_url: str, entry: str = ""
) -> str:
    """Where the merchant approves. The store decodes the callback's address
    twice and calls https only; the state comes back as it was given."""
    if not re.fullmatch(STATE, state):
        raise ValueError("a state must be long and of plain characters")
    if not re.fullmatch(r"https://[A-Za-z0-9.:-]+(/[A-Za-z0-9/_-]*)?", callback_url):
        raise ValueError("the callback must be https and its path plain")
    asked = {
        "app_name": app_name,
        "scope": "read_write",
        "user_id": state,
        "return_url": return_url,
        "callback_url": callback_url,
    }
    return f"{_base(domain, entry)}/wc-auth/v1/authorize?{urlencode(asked)}"


def _base(domain: str, entry: str) -> str:
    return home_url(domain) + (f"/{entry}" if entry else "")


def read_callback(body: bytes) -> HandedOver:
    """Raises Unreadable; no sentence names a value."""
    said = _object(body)
    state, key, secret = (_text(said, name) for name in ("user_id", "consumer_key", "consumer_secret"))
    key_id, permissions = said["key_id"], _text(said, "key_permissions")
    if isinstance(key_id, bool) or not isinstance(key_id, int) or key_id < 1:
        raise Unreadable("wc-auth: 'key_id' is no id")
    if not re.fullmatch(STATE, state):
        raise Unreadable("wc-auth: 'user_id' is no state of ours")
    if not (re.fullmatch(r"ck_[0-9a-f]{40}", key) and re.fullmatch(r"cs_[0-9a-f]{40}", secret)):
        raise Unreadable("wc-auth: the keys are none")
    if permissions not in ("read", "write", "read_write"):
        raise Unreadable("wc-auth: 'key_permissions' is unknown")
    return HandedOver(state, f"{key}:{secret}", permissions == "read_write")


def _object(body: bytes) -> dict[str, object]:
    try:
        said = json.loads(body) if len(body) <= LONGEST_CALLBACK else None
    except (ValueError, RecursionError) as error:
        raise Unreadable("wc-auth: the body is no JSON") from error
    if not isinstance(said, dict) or said.keys() != FIELDS:
        raise Unreadable("wc-auth: the body is not what a store sends")
    return said


def _text(said: dict[str, object], name: str) -> str:
    value = said[name]
    if not isinstance(value, str):
        raise Unreadable(f"wc-auth: '{name}' is no text")
    return value


def proven(client: HttpClient, domain: str, token: str, entry: str = "") -> dict[str, str] | Problem:
    """What `Access.meta` must hold for these keys, or why they don't open this
    store. Raises Retryable where the store can't say."""
    why = NeedsMerchant("keys_refused")
    for auth in ("basic", "query"):
        try:
            _knock(StoreApi(client, home_url(domain), token, auth, entry))
        except NeedsMerchant as error:
            why = error
        else:
            return {"auth": auth} | ({"entry": entry} if entry else {})
    if str(why) == "keys_refused" and _opens_as_plain_http(client, domain, token, entry):
        return problem("scheme_hidden")
    return problem(str(why))


def _knock(api: StoreApi) -> None:
    api.page("orders", per_page="1", _fields="id")


def _opens_as_plain_http(client: HttpClient, domain: str, token: str, entry: str) -> bool:
    """A store that believes to be called over http takes signed calls only.
    One is signed for http and sent over https: if it opens, the keys are right
    and the proxy hides the scheme."""
    key, _, secret = token.partition(":")
    plain = f"http://{_base(domain, entry).removeprefix('https://')}/wp-json/wc/v3/orders?per_page=1"
    signed = OAuth(url=plain, consumer_key=key, consumer_secret=secret, version="wc/v3", method="GET")
    try:
        client.send("GET", signed.get_oauth_url().replace("http://", "https://", 1))
    except KontorError as error:
        if refusals.code(error.refusal) is None:
            raise Retryable("the store could not say whose the keys are") from error
        return False
    return True
