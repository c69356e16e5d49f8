"""How each platform's fake is started, connected the way a merchant would, and told that time goes on."""

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from core.config import Config
from core.http import HttpClient
from web.fakes import authority, surroundings
from web.fakes.browser import Browser

SHOPIFY_SHOP = "beans.myshopify.com"
WOOCOMMERCE_PORT = 9444
OWNER = {"username": "owner", "password": "open-sesame"}
OWNERS_ADDRESS = "owner@example.test"


@dataclass(frozen=True)
class Fake:
    """`command` starts it, `connect` takes its owner through our real pages
    and tells the shop's domain, `advance` moves its clock."""

    port: Callable[[Config], int]
    command: Callable[[Config, Path, int], list[str]]
    connect: Callable[[Config, Browser, int], str]
    advance: Callable[[HttpClient, str, timedelta], None]


def _shopify(config: Config, folder: Path, port: int) -> list[str]:
    host = str(folder / authority.HOST)
    return [
        *(sys.executable, "-m", "tests.fakes.shopify", "--port", str(port)),
        *("--app-url", config.app_url, "--app-ca", str(folder / authority.AUTHORITY)),
        *("--client-id", config.shopify_client_id or "", "--client-secret", config.shopify_client_secrets[0]),
        *("--cert", host, "--key", host),
    ]


def _connect_shopify(config: Config, browser: Browser, port: int) -> str:
    """The admin opens the app with an ID token, which is exchanged for tokens."""
    client = HttpClient.of(config)
    try:
        asked = client.send("POST", f"https://{SHOPIFY_SHOP}/__fake__/open", json={"path": "/shopify"})
    finally:
        client.close()
    browser.open(asked.json()["url"])
    return SHOPIFY_SHOP


def _advance_shopify(client: HttpClient, domain: str, span: timedelta) -> None:
    client.send("POST", f"https://{domain}/__fake__/forward", json={"seconds": span.total_seconds()})


def _woocommerce(config: Config, folder: Path, port: int) -> list[str]:
    return [
        *(sys.executable, "-m", "tests.fakes.woocommerce", "--port", str(port)),
        *("--cert", str(folder / authority.HOST), "--ca", str(folder / authority.AUTHORITY)),
    ]


def _connect_woocommerce(config: Config, browser: Browser, port: int) -> str:
    """Her store's address, the store's login, her Approve, and our question whether this is the store."""
    domain = f"localhost:{port}"
    start = browser.open(f"{config.app_url}/connect/woocommerce?lang=en")
    login = browser.send(start.form("address", "email"), address=domain, email=OWNERS_ADDRESS)
    consent = browser.send(login.form("username", "password"), **OWNER)
    back = browser.open(consent.link("Approve"))
    browser.send(back.form("confirm"))
    return domain


def _advance_woocommerce(client: HttpClient, domain: str, span: timedelta) -> None:
    client.send("POST", f"https://{domain}/__fake__/advance", json={"seconds": span.total_seconds()})


FAKES: Mapping[str, Fake] = {
    "shopify": Fake(surroundings.shopify_port, _shopify, _connect_shopify, _advance_shopify),
    "woocommerce": Fake(
        lambda _config: WOOCOMMERCE_PORT, _woocommerce, _connect_woocommerce, _advance_woocommerce
    ),
}
