"""Tokens from Shopify: Authlib writes and reads, our guarded client sends.

| Shopify says | what is done |
|---|---|
| invalid_subject_token | `StaleIdToken`: the browser is asked for a fresh one |
| invalid_grant, or any other no to a refresh or a code | NeedsMerchant: the app must be opened again |
| invalid_client | Permanent: the operator must look at the app's id and secret |
| 5xx, 429, silence | Retryable: a token that was already given may be asked for again |
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from authlib.oauth2 import OAuth2Error
from authlib.oauth2.client import OAuth2Client

from core import clock
from core.errors import NeedsMerchant, Permanent, Retryable
from core.http import HttpClient
from integrations.live import Tokens
from integrations.shopify.authlib_session import Sending
from integrations.shopify.domain import shop_domain

EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
OF_A_PAGE = "urn:ietf:params:oauth:token-type:id_token"
OF_THE_APP = "urn:shopify:params:oauth:token-type:offline-access-token"
# Shopify reads our id and secret in the form, not in a header.
IN_THE_BODY = {"token_endpoint_auth_method": "client_secret_post"}
# The operator's two settings, as he knows them.
SETTINGS = "SHOPIFY_CLIENT_ID and SHOPIFY_CLIENT_SECRETS"


@dataclass(frozen=True, slots=True)
class App:
    """Our app as Shopify knows it; two secrets while they change, newest first."""

    client_id: str
    secrets: Sequence[str] = field(repr=False)


@dataclass(frozen=True, slots=True)
class StaleIdToken:
    """The ID token is too old or not known: the page is asked for again with a fresh one."""


def exchange(client: HttpClient, app: App, shop: str, id_token: str) -> Tokens | StaleIdToken:
    """An expiring token for work without the user, for the ID token of a page load."""
    try:
        return _tokens(client, app, shop, lambda oauth, url: _exchanged(oauth, url, id_token, OF_A_PAGE))
    except OAuth2Error as error:
        if error.error == "invalid_subject_token":
            return StaleIdToken()
        raise Permanent(f"no token was given: {_short(error)}") from None


def upgrade(client: HttpClient, app: App, shop: str, lasting_token: str) -> Tokens:
    """An expiring pair for a token of the old kind, which then is worth nothing."""
    return _or_reopen(client, app, shop, lambda oauth, url: _exchanged(oauth, url, lasting_token, OF_THE_APP))


def refresh(client: HttpClient, app: App, shop: str, refresh_token: str) -> Tokens:
    return _or_reopen(
        client, app, shop, lambda oauth, url: oauth.refresh_token(url, refresh_token=refresh_token)
    )


def redeem(client: HttpClient, app: App, shop: str, code: str) -> Tokens:
    """The end of the grant screen, for use outside the admin's frame."""
    return _or_reopen(
        client,
        app,
        shop,
        lambda oauth, url: oauth.fetch_token(url, grant_type="authorization_code", code=code, expiring="1"),
    )


def authorize_url(app: App, shop: str, scopes: Sequence[str], redirect_uri: str, state: str) -> str:
    """Where the merchant is asked; `state` is kept in her browser and compared when she returns."""
    oauth = OAuth2Client(None, app.client_id, redirect_uri=redirect_uri, scope=",".join(scopes))
    url, _ = oauth.create_authorization_url(f"https://{_checked(shop)}/admin/oauth/authorize", state=state)
    return str(url)


def _exchanged(oauth: OAuth2Client, url: str, token: str, kind: str) -> Any:
    return oauth.fetch_token(
        url,
        grant_type=EXCHANGE,
        subject_token=token,
        subject_token_type=kind,
        requested_token_type=OF_THE_APP,
        expiring="1",
    )


def _or_reopen(client: HttpClient, app: App, shop: str, call: Callable[[OAuth2Client, str], Any]) -> Tokens:
    try:
        return _tokens(client, app, shop, call)
    except OAuth2Error as error:
        raise NeedsMerchant(f"the app must be opened again: {_short(error)}") from None


def _tokens(client: HttpClient, app: App, shop: str, call: Callable[[OAuth2Client, str], Any]) -> Tokens:
    """Raises OAuth2Error for every "no" that is not about the app itself."""
    url, began = f"https://{_checked(shop)}/admin/oauth/access_token", clock.now()
    for secret in app.secrets:
        oauth = OAuth2Client(Sending(client), app.client_id, secret, **IN_THE_BODY)
        try:
            return _read(call(oauth, url), began)
        except OAuth2Error as error:
            if error.error != "invalid_client":
                raise
    raise Permanent(f"Shopify does not know this app: the operator must look at {SETTINGS}")


def _checked(shop: str) -> str:
    """Our secret goes to this address: it must be a shop's, whoever says so."""
    domain = shop_domain(shop)
    if domain is None:
        raise Permanent("this is no shop of Shopify's")
    return domain


def _read(told: Mapping[str, Any], began: datetime) -> Tokens:
    access = told.get("access_token")
    if not isinstance(access, str) or not access:
        raise Retryable("the answer holds no token")
    refreshing = told.get("refresh_token")
    return Tokens(
        access=access,
        expires_at=_after(began, told.get("expires_in")),
        refresh=refreshing if isinstance(refreshing, str) and refreshing else None,
        refresh_expires_at=_after(began, told.get("refresh_token_expires_in")),
        scopes=tuple(one.strip() for one in str(told.get("scope") or "").split(",") if one.strip()),
    )


def _after(began: datetime, seconds: object) -> datetime | None:
    """Counted from before the call, so that we never think it alive for too long."""
    return began + timedelta(seconds=seconds) if isinstance(seconds, int) else None


def _short(error: OAuth2Error) -> str:
    """Its one word; the sentence may repeat the token."""
    return str(error.error)[:60]
