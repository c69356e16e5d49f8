"""Merchants for development, as if their shop had been connected."""

from core import clock
from core.db import transaction
from core.models import Connection, Member, Merchant
from engine import changes
from engine.machine import Machine
from flows import CATALOGUE
from integrations import KEEPS_CONSENT, SIGNING
from integrations.roles import StandIn

PLATFORMS = tuple(SIGNING)
NO_CONSENT_KEEPER = (
    "--policy platform is for shops that keep consent themselves, which are those of: "
    f"{', '.join(sorted(KEEPS_CONSENT))}.\n"
)
BY = "merchant-add"


def add(machine: Machine, platform: str, name: str, *, live: bool, policy: str) -> str:
    """Write a merchant with its connection, secret, shop id and settings; what
    to know about it, as text."""
    shop: StandIn = SIGNING[platform].stand_in()
    with transaction(machine.db) as session:
        merchant = Merchant(name=name, platform=platform, currency=shop.currency)
        session.add(merchant)
        session.flush()
        session.add(Member(merchant_id=merchant.id, platform_user="developer", name="Developer"))
        session.add(_connection(machine, merchant, shop))
    for flow in CATALOGUE.values():
        changes.set_mode(machine, merchant.id, flow, "live" if live else "shadow", BY)
    changes.save_shop(machine, merchant.id, {"consent_policy": policy}, BY)
    return _told(machine, merchant, shop)


def _connection(machine: Machine, merchant: Merchant, shop: StandIn) -> Connection:
    sealed = None
    if shop.secret is not None:
        sealed = machine.vault.seal(shop.secret, f"connection:{merchant.id}:webhook_secret")
    return Connection(
        merchant_id=merchant.id,
        platform=merchant.platform,
        address=shop.address,
        domain=shop.domain,
        shop_id=shop.shop_id,
        webhook_secret=sealed,
        connected_at=clock.now(),
    )


def _told(machine: Machine, merchant: Merchant, shop: StandIn) -> str:
    base = machine.config.app_url
    own_path = f"/{shop.address}" if shop.secret is not None else ""
    lines = [
        f"merchant   {merchant.key}",
        f"shop       {shop.domain}" + (f" (id {shop.shop_id})" if shop.shop_id else ""),
        f"webhooks   {base}/webhooks/{merchant.platform}{own_path}",
        f"activity   {base}/dev/sign-in/{merchant.key}",
    ]
    return "\n".join(lines + ([f"secret     {shop.secret}"] if shop.secret is not None else []))
