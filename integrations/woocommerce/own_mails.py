"""Plugins that remind of a cart. WooCommerce itself does not.

Which plugins a store runs, its system status tells: each as the folder and
file it is in, as in "klaviyo/klaviyo.php".
"""

from collections.abc import Iterable, Mapping

from integrations.own_mails import OwnMail

# By their folders.
KNOWN: Mapping[str, str] = {
    "abandoned-cart-lite-for-woocommerce": "Abandoned Cart Lite",
    "activecampaign-for-woocommerce": "ActiveCampaign",
    "automatewoo": "AutomateWoo",
    "cart-recovery": "Cart Recovery for WordPress",
    "cartbounty": "CartBounty",
    "klaviyo": "Klaviyo",
    "mailchimp-for-woocommerce": "Mailchimp",
    "mailpoet": "MailPoet",
    "omnisend-connect": "Omnisend",
    "omnisend": "Omnisend",
    "retainful-next-order-coupon-for-woocommerce": "Retainful",
    "woo-abandoned-cart-recovery": "Abandoned Cart Recovery",
    "woo-cart-abandonment-recovery": "Cart Abandonment Recovery",
    "woo-save-abandoned-carts": "CartBounty",
    "woocommerce-abandoned-cart": "Abandoned Cart Pro",
    "wp-marketing-automations": "FunnelKit Automations",
}
ENGLISH = "In your shop's admin, in the settings of {name}: switch off its reminder of left carts."
GERMAN = (
    "In der Verwaltung Ihres Shops, in den Einstellungen von {name}: die Erinnerung an"
    " liegen gelassene Warenkörbe ausschalten."
)
# What is kept with the connection.
META = "reminding_plugins"


def reminding(plugins: Iterable[object]) -> str:
    """Those of the active plugins that may remind of a cart, by their folders."""
    folders = {one.partition("/")[0] for one in plugins if isinstance(one, str)}
    return ",".join(sorted(folders & set(KNOWN)))


def own_mails(meta: Mapping[str, str]) -> tuple[OwnMail, ...]:
    names = {KNOWN[folder] for folder in meta.get(META, "").split(",") if folder in KNOWN}
    return tuple(_of(name) for name in sorted(names))


def _of(name: str) -> OwnMail:
    return OwnMail(
        (f"The plugin {name}", f"Das Plugin {name}"),
        (ENGLISH.format(name=name), GERMAN.format(name=name)),
        certain=True,
    )
