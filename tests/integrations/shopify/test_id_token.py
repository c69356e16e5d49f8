"""Who opens a page in the admin: only a token signed for us, by Shopify, just now, is believed."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jwt
from joserfc.jwk import OctKey

from integrations.shopify.id_token import NotTrusted, Viewer, bearer, read_id_token
from tests.integrations.shopify.vectors import VECTORS, cases, named

RULES: dict[str, Any] = VECTORS["id_token"]
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
SECRET = "a-client-secret-of-more-than-32-letters"
CLAIMS: dict[str, Any] = {
    "iss": "https://beans.myshopify.com/admin",
    "dest": "https://beans.myshopify.com",
    "aud": "our-client-id",
    "sub": "42",
    "exp": int(NOW.timestamp()) + 60,
    "nbf": int(NOW.timestamp()),
    "iat": int(NOW.timestamp()),
    "jti": "f8912129",
}


def minted(secret: str = SECRET, /, **changes: Any) -> str:
    claims = {name: value for name, value in (CLAIMS | changes).items() if value is not None}
    return jwt.encode({"alg": "HS256"}, claims, OctKey.import_key(secret))


def read(token: str, *secrets: str) -> Viewer | NotTrusted:
    return read_id_token(token, "our-client-id", secrets or (SECRET,), NOW)


# The published secret is shorter than any real one, which the library mentions.
@pytest.mark.filterwarnings("ignore::joserfc.errors.SecurityWarning")
@pytest.mark.parametrize("case", cases("id_token"), ids=named)
def test_published_tokens_are_judged_as_published(case: dict[str, Any]) -> None:
    token = bearer(case["authorization_header"])
    at = datetime.fromtimestamp(case["verify_at"], UTC)
    read = read_id_token(token or "", RULES["client_id"], [RULES["client_secret"]], at)
    expected = Viewer("test-shop.myshopify.com", "1") if case["valid"] else None
    assert (read if isinstance(read, Viewer) else None) == expected


def test_a_token_of_ours_names_the_shop_and_the_person() -> None:
    assert read(minted()) == Viewer("beans.myshopify.com", "42")


def test_while_the_secret_changes_both_are_good() -> None:
    assert isinstance(read(minted(SECRET), "the-new-secret-of-more-than-32-letters", SECRET), Viewer)
    assert read(minted(SECRET), "the-new-secret-of-more-than-32-letters") == NotTrusted("signature")
    assert read_id_token(minted(), "our-client-id", (), NOW) == NotTrusted("signature")


@pytest.mark.parametrize("name", sorted(CLAIMS))
def test_no_claim_may_be_missing(name: str) -> None:
    assert read(minted(**{name: None})) == NotTrusted("claims")


@pytest.mark.parametrize(("seconds", "trusted"), [(-9, True), (-10, False), (-11, False), (5, True)], ids=str)
def test_a_token_is_good_ten_seconds_longer_than_it_says(seconds: int, trusted: bool) -> None:
    read_one = read(minted(exp=int(NOW.timestamp()) + seconds))
    assert isinstance(read_one, Viewer) is trusted
    assert trusted or read_one == NotTrusted("expired")


@pytest.mark.parametrize("name", ["nbf", "iat"])
def test_a_token_of_the_future_is_not_believed(name: str) -> None:
    assert isinstance(read(minted(**{name: int(NOW.timestamp()) + 9})), Viewer)
    assert read(minted(**{name: int(NOW.timestamp()) + 11})) == NotTrusted("claims")


@pytest.mark.parametrize(
    "changes",
    [
        {"dest": "https://other.myshopify.com"},
        {"iss": "https://other.myshopify.com/admin"},
        {"dest": "https://evil.example", "iss": "https://evil.example/admin"},
        {"dest": "http://beans.myshopify.com", "iss": "http://beans.myshopify.com/admin"},
        {"dest": "https://beans.myshopify.com.evil.example"},
        {"dest": "https://beans.myshopify.com\n", "iss": "https://beans.myshopify.com\n/admin"},
        {"dest": "https://a@beans.myshopify.com", "iss": "https://a@beans.myshopify.com/admin"},
        {"dest": ["https://beans.myshopify.com"]},
        {"dest": 7},
    ],
)
def test_issuer_and_destination_must_be_one_real_shop(changes: dict[str, Any]) -> None:
    assert read(minted(**changes)) == NotTrusted("shop")


@pytest.mark.parametrize(
    "changes",
    [{"aud": "another-app"}, {"aud": ["another-app"]}, {"aud": 7}, {"exp": "soon"}, {"sub": 42}, {"sub": ""}],
)
def test_claims_of_the_wrong_kind_are_not_believed(changes: dict[str, Any]) -> None:
    assert read(minted(**changes)) == NotTrusted("claims")


@pytest.mark.parametrize(
    "token",
    [
        "",
        ".",
        "..",
        "a.b.c",
        "eyJhbGciOiJIUzI1NiJ9..",
        "é.é.é",
        "\ud800",
        "x" * 100_000,
        "W10.e30.e30",
        "bnVsbA.e30.x",
    ],
)
def test_junk_is_refused_and_not_stumbled_over(token: str) -> None:
    assert isinstance(read(token), NotTrusted)


@given(st.text(max_size=200), st.sampled_from(["", ".", "eyJhbGciOiJIUzI1NiJ9."]))
def test_no_text_at_all_makes_it_stumble(text: str, start: str) -> None:
    assert isinstance(read(start + text), NotTrusted)


@given(
    st.dictionaries(st.sampled_from(sorted(CLAIMS)), st.none() | st.booleans() | st.integers() | st.text())
)
def test_no_claims_at_all_make_it_stumble(claims: dict[str, Any]) -> None:
    token = jwt.encode({"alg": "HS256"}, dict(claims), OctKey.import_key(SECRET))
    assert isinstance(read(token), NotTrusted)


@pytest.mark.parametrize(
    ("header", "token"),
    [
        ("Bearer abc", "abc"),
        ("bearer  abc ", "abc"),
        ("abc", None),
        ("Basic abc", None),
        ("Bearer", None),
        (None, None),
    ],
)
def test_the_token_stands_behind_its_word(header: str | None, token: str | None) -> None:
    assert bearer(header) == token
