"""What a merchant is written when something needs her."""

from typing import Any

from core.config import Config
from core.models import Merchant
from engine import plain_letters
from integrations.roles import Message

# Where it is mended, if not by the connection; `detail` of what is held or paused is its flow.
ACTIVITY = "shops/{key}/activity"
FLOW = "m/{key}/flows/{detail}"
SENDER = "m/{key}/sender"
ACCOUNT = "m/{key}/mail-server"
PLACES = {
    "held": f"{ACTIVITY}#held-{{detail}}",
    "doubt": f"{ACTIVITY}?outcome=in_doubt",
    "paused": FLOW,
    "sender": SENDER,
    "refused": ACTIVITY,
    "mail_server": ACCOUNT,
}
# Where there is something to see once it is over.
AFTERWARDS = PLACES | {"held": ACTIVITY, "doubt": ACTIVITY}


def letter(config: Config, merchant: Merchant, notice: Any, email: str, member_id: int) -> Message:
    """The letter of a notice: that it is so, that it is still so, or that it is over."""
    return plain_letters.letter(
        config,
        words_of(notice.kind, merchant.locale, mended=notice.mended_at is not None),
        {"shop": merchant.name, "detail": notice.detail},
        locale=merchant.locale,
        to=email,
        key=f"notice-{notice.id}-{notice.round}-{member_id}",
        link=f"{config.app_url}/{_place(notice).format(key=merchant.key, detail=notice.detail)}",
    )


def title_of(merchant: Merchant, notice: Any, locale: str) -> str:
    """What the letter is about, where the shop's name stands already."""
    told = {"shop": merchant.name, "detail": notice.detail}
    title = words_of(notice.kind, locale, mended=False)["subject"].removeprefix("{shop}: ").format_map(told)
    return title[:1].upper() + title[1:]


def _place(notice: Any) -> str:
    """The page on which it is mended; once it is, there is nothing to point at."""
    places = PLACES if notice.mended_at is None else AFTERWARDS
    return places.get(notice.kind, "m/{key}/connection")


def words_of(kind: str, locale: str, *, mended: bool) -> dict[str, str]:
    """A notice's words in the merchant's language."""
    return plain_letters.words_of("notices.toml", f"{kind}_mended" if mended else kind, locale)
