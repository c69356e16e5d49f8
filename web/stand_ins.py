"""Merchants for development, as if their shop had been connected."""

import secrets

from core import clock
from core.db import transaction
from core.models import Connection, Member, Merchant
from engine import changes
from engine.machine import Machine
from flows import CATALOGUE

# The shop's number in the recorded Shopify payloads, so that they pass unedited.
RECORDED_SHOP_ID = "548380009"
PLATFORMS = {"shopify": "USD", "woocommerce": "EUR"}
KEEP_CONSENT = ("shopify",)
BY = "merchant-add"


def add(machine: Machine, platform: str, name: str, *, live: bool, policy: str) -> str:
    """Write a merchant with its connection, secret, shop id and settings; what
    to know about it, as text."""
    with transaction(machine.db) as session:
        merchant = Merchant(
            key=secrets.token_urlsafe(12), name=name, platform=platform, currency=PLATFORMS[platform]
        )
        session.add(merchant)
        session.flush()
        session.add(Member(merchant_id=merchant.id, platform_user="developer", name="Developer"))
        connection, secret = _connection(machine, merchant)
        session.add(connection)
    for flow in CATALOGUE.values():
        changes.set_mode(machine, merchant.id, flow, "live" if live else "shadow", BY)
    changes.save_shop(machine, merchant.id, {"consent_policy": policy}, BY)
    return _told(machine, merchant, connection, secret)


def _connection(machine: Machine, merchant: Merchant) -> tuple[Connection, str | None]:
    """Shopify signs for all shops with the app's secret and names the shop's
    domain; a WooCommerce store has an address and a secret of its own."""
    address = f"kontor-{secrets.token_hex(4)}.myshopify.com"
    if merchant.platform == "shopify":
        return _row(merchant, address, address, None, RECORDED_SHOP_ID), None
    secret = secrets.token_hex(20)
    sealed = machine.vault.seal(secret, f"connection:{merchant.id}:webhook_secret")
    return _row(merchant, secrets.token_urlsafe(16), "https://shop.example", sealed, None), secret


def _row(
    merchant: Merchant, address: str, domain: str, sealed: bytes | None, shop_id: str | None
) -> Connection:
    return Connection(
        merchant_id=merchant.id,
        platform=merchant.platform,
        address=address,
        domain=domain,
        shop_id=shop_id,
        webhook_secret=sealed,
        connected_at=clock.now(),
    )


def _told(machine: Machine, merchant: Merchant, connection: Connection, secret: str | None) -> str:
    base = machine.config.app_url
    path = f"/webhooks/{merchant.platform}"
    lines = [
        f"merchant   {merchant.key}",
        f"shop       {connection.domain}" + (f" (id {connection.shop_id})" if connection.shop_id else ""),
        f"webhooks   {base}{path}" + ("" if merchant.platform == "shopify" else f"/{connection.address}"),
        f"activity   {base}/dev/sign-in/{merchant.key}",
    ]
    return "\n".join(lines + ([f"secret     {secret}"] if secret else []))
