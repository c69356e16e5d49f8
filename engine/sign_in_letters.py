"""What members are written about signing in."""

import secrets

from core.config import Config
from core.models import Merchant
from engine import plain_letters
from integrations.roles import Message


def letter(config: Config, merchant: Merchant, kind: str, email: str, token: str, **told: str) -> Message:
    """A letter with a link that works once, or, without a token, to the connection's page."""
    path = f"/sign-in/{token}" if token else f"/m/{merchant.key}/connection"
    return plain_letters.letter(
        config,
        plain_letters.words_of("sign_in.toml", kind, merchant.locale),
        {"shop": merchant.name, **told},
        locale=merchant.locale,
        to=email,
        key=f"sign-in-{secrets.token_hex(12)}",
        link=f"{config.app_url}{path}",
    )
