"""The outside world: one folder per vendor. Only this registry names them."""

from collections.abc import Callable, Mapping
from functools import partial
from types import ModuleType

from core.runtime import Runtime
from integrations.admins import Admin
from integrations.companions import Companions
from integrations.late import Late
from integrations.live import ConnectedShop
from integrations.mailbox.channel import MailboxChannel
from integrations.own_mails import OwnMails
from integrations.roles import Accounts, Channel, LiveShop, Shop
from integrations.sandbox.live import SandboxLive
from integrations.sandbox.shop import SANDBOX
from integrations.self_hosted import SelfHosted
from integrations.shopify import sign as shopify_sign
from integrations.shopify.app_proxy import APP_PROXY
from integrations.shopify.frame import ShopifyAdmin
from integrations.shopify.own_mails import own_mails as shopify_own_mails
from integrations.shopify.shop import SHOPIFY
from integrations.smtp.accounts import SmtpAccounts
from integrations.smtp.channel import SmtpChannel
from integrations.storefronts import Storefront
from integrations.woocommerce import sign as woocommerce_sign
from integrations.woocommerce.frame import WooCommerceAdmin
from integrations.woocommerce.own_mails import own_mails as woocommerce_own_mails
from integrations.woocommerce.self_hosted import SelfHostedWooCommerce
from integrations.woocommerce.shop import WOOCOMMERCE

SHOPS: dict[str, Shop] = {shop.key: shop for shop in (SHOPIFY, WOOCOMMERCE, SANDBOX)}


def _shopify(runtime: Runtime) -> ConnectedShop:
    from integrations.shopify.live import ShopifyLive

    return ShopifyLive.of(runtime)


def _woocommerce(runtime: Runtime) -> ConnectedShop:
    from integrations.woocommerce.live import WooCommerceLive

    return WooCommerceLive(runtime)


# Shops reached over the network, with a token; loaded when the first of them is called.
CONNECTED: dict[str, Callable[[Runtime], ConnectedShop]] = {
    SHOPIFY.key: _shopify,
    WOOCOMMERCE.key: _woocommerce,
}
# Platforms that themselves keep who may be written to, known without loading what calls them.
KEEPS_CONSENT = frozenset({SHOPIFY.key})
# What the shops of a platform may send by themselves.
OWN_MAILS: dict[str, OwnMails] = {SHOPIFY.key: shopify_own_mails, WOOCOMMERCE.key: woocommerce_own_mails}
# Platforms in whose own pages ours are shown in a frame.
ADMINS: dict[str, Callable[[Runtime], Admin]] = {
    ShopifyAdmin.key: ShopifyAdmin.of,
    WooCommerceAdmin.key: WooCommerceAdmin.of,
}
# Platforms whose shops hand requests of their own pages on to us.
STOREFRONTS: dict[str, Storefront] = {APP_PROXY.key: APP_PROXY}
# Platforms whose stores stand at addresses of their own and hand over keys.
SELF_HOSTED: dict[str, Callable[[Runtime], SelfHosted]] = {SelfHostedWooCommerce.key: SelfHostedWooCommerce}


def _woocommerce_companions(runtime: Runtime) -> Companions:
    from integrations.woocommerce.companion import WooCommerceCompanions

    return WooCommerceCompanions(runtime)


# Platforms whose shops may have a piece of ours installed.
COMPANIONS: dict[str, Callable[[Runtime], Companions]] = {WOOCOMMERCE.key: _woocommerce_companions}
LIVE: dict[str, Callable[[Runtime], LiveShop]] = {SANDBOX.key: SandboxLive}
CHANNELS: dict[str, Callable[[Runtime], Channel]] = {
    SmtpChannel.key: lambda runtime: SmtpChannel(runtime.config),
    MailboxChannel.key: MailboxChannel,
}

# By what merchants' own accounts are reached.
ACCOUNTS: dict[str, Callable[[Runtime], Accounts]] = {
    SmtpAccounts.key: lambda runtime: SmtpAccounts(runtime.config),
}

# How each platform signs a delivery: for the replay tool and the tests.
SIGNING: dict[str, ModuleType] = {SHOPIFY.key: shopify_sign, WOOCOMMERCE.key: woocommerce_sign}


def connected_shops(runtime: Runtime) -> Mapping[str, ConnectedShop]:
    return Late({key: partial(make, runtime) for key, make in CONNECTED.items()})


def live_shops(runtime: Runtime, connected: Mapping[str, ConnectedShop]) -> Mapping[str, LiveShop]:
    """All shops that can be asked, the connected ones among them."""
    own = {key: partial(make, runtime) for key, make in LIVE.items()}
    others = {key: partial(connected.__getitem__, key) for key in connected}
    return Late[LiveShop]({**own, **others})


def companions(runtime: Runtime) -> Mapping[str, Companions]:
    return Late({key: partial(make, runtime) for key, make in COMPANIONS.items()})


def own_channels(runtime: Runtime) -> dict[str, Channel]:
    """A hosted sandbox is open to strangers, who must not send real mail."""
    return {SANDBOX.key: MailboxChannel(runtime)} if runtime.config.production else {}


def accounts(runtime: Runtime) -> Accounts | None:
    """Merchants' own accounts at mail servers; None where no vendor has any."""
    return next((make(runtime) for make in ACCOUNTS.values()), None)


def channel_for(runtime: Runtime) -> Channel:
    """The mail server where one is set, else the mailbox."""
    return CHANNELS["smtp" if runtime.config.smtp_url else "mailbox"](runtime)
