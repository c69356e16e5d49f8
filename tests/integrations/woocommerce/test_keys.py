"""A merchant approves, her store hands over keys, and they are proven before they are believed."""

import base64
import hmac
import json
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import pytest

from core.errors import Retryable, Unreadable
from core.http import HttpClient
from integrations.self_hosted import Problem
from integrations.woocommerce import keys
from tests.integrations.recorded import one
from tests.integrations.woocommerce.standing import TOKEN, Asked, Said, Store, html, refused, rest

ORDERS = "/wp-json/wc/v3/orders"
STATE = "tenant-42~nonce.abcdef"
CANNOT = refused("woocommerce_rest_cannot_view", 401)
OPEN = rest([])


def authorize(**changes: Any) -> str:
    given = {
        "app_name": "Kontor",
        "state": STATE,
        "return_url": "https://kontor.example/connect/back?x=1",
        "callback_url": "https://kontor.example/connect/keys",
    }
    return keys.authorize_url("shop.example/store", **(given | changes))


def test_the_merchant_is_sent_to_her_own_store_to_approve() -> None:
    parts = urlsplit(authorize())
    asked = parse_qs(parts.query)
    assert (parts.scheme, parts.netloc, parts.path) == (
        "https",
        "shop.example",
        "/store/wc-auth/v1/authorize",
    )
    assert asked["scope"] == ["read_write"]
    assert asked["user_id"] == [STATE]
    assert asked["callback_url"] == ["https://kontor.example/connect/keys"]


def test_a_store_without_rewriting_approves_through_its_index() -> None:
    assert "/store/index.php/wc-auth/v1/authorize?" in authorize(entry="index.php")


@pytest.mark.parametrize(
    "state", ["short", "with blank and more text", "a" * 201, "ümlaut-is-not-plain-text"]
)
def test_a_state_the_store_would_change_is_never_sent(state: str) -> None:
    with pytest.raises(ValueError, match="state"):
        authorize(state=state)


@pytest.mark.parametrize(
    "url",
    [
        "http://kontor.example/keys",
        "https://kontor.example/keys?x=1",
        "https://kontor.example/a%20b",
        "https://kontor.example/a.b",
        "https://me@kontor.example/keys",
    ],
)
def test_a_callback_the_store_would_garble_is_never_sent(url: str) -> None:
    with pytest.raises(ValueError, match="callback"):
        authorize(callback_url=url)


def handed(**changes: Any) -> bytes:
    return json.dumps(_body() | changes).encode()


def _body() -> dict[str, Any]:
    sent: dict[str, Any] = json.loads(one("woocommerce", "wc-auth_callback").request.body)
    return sent | {"user_id": STATE}


def test_what_a_store_hands_over_is_understood_and_not_shown() -> None:
    read = keys.read_callback(handed())
    assert (read.state, read.may_write) == (STATE, True)
    assert read.token == f"ck_{'0' * 40}:cs_{'0' * 40}"
    assert "ck_" not in repr(read)


def test_keys_that_may_only_read_say_so() -> None:
    assert not keys.read_callback(handed(key_permissions="read")).may_write


@pytest.mark.parametrize(
    "changes",
    [
        {"consumer_key": "ck_" + "A" * 40},
        {"consumer_key": "ck_" + "0" * 39},
        {"consumer_key": "cs_" + "0" * 40},
        {"consumer_key": "ck_" + "0" * 40 + "\n"},
        {"consumer_secret": "cs_<script>"},
        {"consumer_secret": None},
        {"key_permissions": "admin"},
        {"key_permissions": ["read_write"]},
        {"user_id": 7},
        {"user_id": "short"},
        {"user_id": STATE + "&x=1"},
        {"key_id": "2"},
        {"key_id": True},
        {"key_id": 0},
        {"store_url": "https://other.example"},
    ],
)
def test_what_no_store_sends_is_refused_without_repeating_it(changes: dict[str, Any]) -> None:
    with pytest.raises(Unreadable) as refusal:
        keys.read_callback(handed(**changes))
    assert "ck_" not in str(refusal.value)
    assert STATE not in str(refusal.value)


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b"{" * 50_000, b"webhook_id=8", b'{"a":' * 3000])
def test_noise_at_the_callback_is_refused(body: bytes) -> None:
    with pytest.raises(Unreadable):
        keys.read_callback(body)


def opens_for(header: bool, address: bool, signed: bool = False) -> Any:
    def answer(asked: Asked) -> Said:
        basic = asked.headers.get("authorization") == "Basic " + base64.b64encode(TOKEN.encode()).decode()
        query = (asked.query.get("consumer_key"), asked.query.get("consumer_secret")) == tuple(
            TOKEN.split(":")
        )
        oauth = asked.query.get("oauth_signature") == signature(asked)
        return OPEN if (basic and header) or (query and address) or (oauth and signed) else CANNOT

    return answer


def signature(asked: Asked) -> str:
    """As WooCommerce makes it where it believes to be called over http."""
    key, _, secret = TOKEN.partition(":")
    given = {name: text for name, text in asked.query.items() if name != "oauth_signature"}
    told = "%26".join(quote(f"{name}={given[name]}", safe="-._~") for name in sorted(given))
    base = quote(f"http://{asked.headers['host']}{asked.path}", safe="-._~")
    made = hmac.digest(f"{secret}&".encode(), f"GET&{base}&{told}".encode(), "sha256")
    return base64.b64encode(made).decode() if given.get("oauth_consumer_key") == key else ""


def prove(store: Store, client: HttpClient) -> Any:
    return keys.proven(client, store.domain, TOKEN)


def test_keys_are_proven_by_a_call_to_that_very_store(store: Store, client: HttpClient) -> None:
    store.says(ORDERS, opens_for(header=True, address=True))
    assert prove(store, client) == {"auth": "basic"}
    assert len(store.asked) == 1


def test_a_host_that_cuts_the_header_off_is_found_out_and_remembered(
    store: Store, client: HttpClient
) -> None:
    store.says(ORDERS, opens_for(header=False, address=True))
    assert prove(store, client) == {"auth": "query"}


def test_the_way_through_the_index_is_remembered_too(store: Store, client: HttpClient) -> None:
    store.says("/index.php" + ORDERS, OPEN)
    met = keys.proven(client, store.domain, TOKEN, "index.php")
    assert met == {"auth": "basic", "entry": "index.php"}


def test_a_proxy_that_hides_the_scheme_is_told_from_wrong_keys(store: Store, client: HttpClient) -> None:
    store.says(ORDERS, opens_for(header=False, address=False, signed=True))
    met = prove(store, client)
    assert isinstance(met, Problem)
    assert met.word == "scheme_hidden"
    assert "X-Forwarded-Proto" in met.english
    assert "X-Forwarded-Proto" in met.german


def test_wrong_keys_are_wrong(store: Store, client: HttpClient) -> None:
    store.says(ORDERS, CANNOT)
    met = prove(store, client)
    assert isinstance(met, Problem)
    assert met.word == "keys_refused"


def test_keys_of_somebody_who_may_not_manage_the_shop_are_told_so(store: Store, client: HttpClient) -> None:
    store.says(ORDERS, refused("woocommerce_rest_cannot_view", 403))
    assert prove(store, client).word == "owner_demoted"


@pytest.mark.parametrize("said", [html(503), html(403), html(500)])
def test_a_store_that_cannot_say_leaves_the_keys_unproven(
    store: Store, client: HttpClient, said: Said
) -> None:
    store.says(ORDERS, said)
    with pytest.raises(Retryable):
        prove(store, client)


def test_a_store_that_falls_silent_at_the_last_question_leaves_them_unproven(
    store: Store, client: HttpClient
) -> None:
    store.says(ORDERS, *[CANNOT] * 4, html(403))
    with pytest.raises(Retryable):
        prove(store, client)
