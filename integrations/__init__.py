"""The outside world: one folder per vendor. Only this registry names them."""

from collections.abc import Callable
from types import ModuleType

from core.runtime import Runtime
from integrations.admins import Admin
from integrations.live import ConnectedShop
from integrations.mailbox.channel import MailboxChannel
from integrations.roles import Channel, LiveShop, Shop
from integrations.sandbox.live import SandboxLive
from integrations.sandbox.shop import SANDBOX
from integrations.shopify import sign as shopify_sign
from integrations.shopify.frame import ShopifyAdmin
from integrations.shopify.live import ShopifyLive
from integrations.shopify.shop import SHOPIFY
from integrations.smtp.channel import SmtpChannel
from integrations.woocommerce import sign as woocommerce_sign
from integrations.woocommerce.live import WooCommerceLive
from integrations.woocommerce.shop import WOOCOMMERCE

SHOPS: dict[str, Shop] = {shop.key: shop for shop in (SHOPIFY, WOOCOMMERCE, SANDBOX)}
# Shops reached over the network, with a token.
CONNECTED: dict[str, Callable[[Runtime], ConnectedShop]] = {
    SHOPIFY.key: ShopifyLive.of,
    WOOCOMMERCE.key: WooCommerceLive,
}
# Platforms in whose own pages ours are shown in a frame.
ADMINS: dict[str, Callable[[Runtime], Admin]] = {ShopifyAdmin.key: ShopifyAdmin.of}
LIVE: dict[str, Callable[[Runtime], LiveShop]] = {SANDBOX.key: SandboxLive}
CHANNELS: dict[str, Callable[[Runtime], Channel]] = {
    SmtpChannel.key: lambda runtime: SmtpChannel(runtime.config),
    MailboxChannel.key: MailboxChannel,
}

# How each platform signs a delivery: for the replay tool and the tests.
SIGNING: dict[str, ModuleType] = {SHOPIFY.key: shopify_sign, WOOCOMMERCE.key: woocommerce_sign}


def own_channels(runtime: Runtime) -> dict[str, Channel]:
    """A hosted sandbox is open to strangers, who must not send real mail."""
    return {SANDBOX.key: MailboxChannel(runtime)} if runtime.config.production else {}


def channel_for(runtime: Runtime) -> Channel:
    """The mail server where one is set, else the mailbox."""
    return CHANNELS["smtp" if runtime.config.smtp_url else "mailbox"](runtime)
