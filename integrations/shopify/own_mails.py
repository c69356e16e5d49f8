"""Shopify's own reminder of a checkout. Whether it is on, no scope of ours
tells; where it is switched off is from Shopify's help on abandoned checkouts."""

from collections.abc import Mapping

from integrations.own_mails import OwnMail

ENGLISH = (
    "Marketing → Automations (or Apps → Messaging → Automations) → Abandoned checkout → Turn off."
    " In an older shop also Settings → Checkout → Abandoned checkouts → Never."
)
GERMAN = (
    "Marketing → Automatisierungen (oder Apps → Messaging → Automatisierungen) → Abgebrochener"
    " Checkout → Deaktivieren. In älteren Shops auch Einstellungen → Checkout → Abgebrochene"
    " Checkouts → Nie."
)
OWN = (
    OwnMail(
        ("Shopify's reminder of an abandoned checkout", "Shopifys Mail zum abgebrochenen Checkout"),
        (ENGLISH, GERMAN),
        certain=False,
    ),
)


def own_mails(_meta: Mapping[str, str]) -> tuple[OwnMail, ...]:
    """The same for every shop."""
    return OWN
