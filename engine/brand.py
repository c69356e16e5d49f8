"""What there is to say of a shop's brand before it goes out: colour, logo, reply address and imprint."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import urlsplit

from pydantic import ValidationError

from engine.colours import INK, PAPER, STANDARD, colours_of
from engine.shop_settings import ShopSettings

FIELDS = ("sender_name", "reply_to", "imprint", "colour", "logo_url")
Kind = Literal[
    "wrong_colour",
    "colour_darkened",
    "dark_words",
    "edge_on_light",
    "edge_on_dark",
    "wrong_logo",
    "logo_is_svg",
    "wrong_reply",
    "no_reply_address",
    "nobody_reads",
    "no_imprint",
    "wrong_text",
]
# What can't be saved; all else is said and done all the same.
REFUSED = frozenset({"wrong_colour", "wrong_logo", "wrong_reply", "wrong_text"})
WRONG: Mapping[str, Kind] = {"colour": "wrong_colour", "logo_url": "wrong_logo", "reply_to": "wrong_reply"}


@dataclass(frozen=True, slots=True)
class Finding:
    """`detail` is what is used instead, where something is."""

    field: str
    kind: Kind
    detail: str = ""

    @property
    def refused(self) -> bool:
        return self.kind in REFUSED


def with_brand(saved: ShopSettings, typed: Mapping[str, str]) -> tuple[ShopSettings, list[Finding]]:
    """The settings with what was typed of the brand, as far as it can be used, and all there is to say."""
    told = {field: text.strip() for field, text in typed.items() if field in FIELDS}
    wrong = _wrong(saved, told)
    usable = {field: text for field, text in told.items() if field not in wrong}
    shop = ShopSettings.model_validate(saved.model_dump() | usable)
    refused = [Finding(field, WRONG.get(field, "wrong_text"), told[field]) for field in wrong]
    return shop, refused + [one for one in findings(shop) if one.field not in wrong]


def findings(shop: ShopSettings) -> list[Finding]:
    """What the merchant should know of the brand as it is."""
    return [*_of_colour(shop.colour), *_of_logo(shop.logo_url), *_of_reply(shop.reply_to), *_of_imprint(shop)]


def _wrong(saved: ShopSettings, told: Mapping[str, Any]) -> list[str]:
    try:
        ShopSettings.model_validate(saved.model_dump() | dict(told))
    except ValidationError as error:
        return [str(one["loc"][0]) for one in error.errors()]
    return []


def _of_colour(colour: str) -> list[Finding]:
    """The card is white, by night dark; the words on the button are white or dark."""
    used, found = colours_of(colour), []
    if used.button != (colour or STANDARD):
        found.append(Finding("colour", "colour_darkened", used.button))
    if used.on_button == INK:
        found.append(Finding("colour", "dark_words", PAPER))
    if used.edge != used.button:
        found.append(Finding("colour", "edge_on_light"))
    if used.dark_edge != used.button:
        found.append(Finding("colour", "edge_on_dark"))
    return found


def _of_logo(url: str) -> list[Finding]:
    """Most mail programs show no SVG."""
    return [Finding("logo_url", "logo_is_svg")] if urlsplit(url).path.lower().endswith(".svg") else []


def _of_reply(address: str) -> list[Finding]:
    if not address:
        return [Finding("reply_to", "no_reply_address")]
    name = address.partition("@")[0].lower().replace("-", "").replace("_", "").replace(".", "")
    return [Finding("reply_to", "nobody_reads", address)] if name in ("noreply", "donotreply") else []


def _of_imprint(shop: ShopSettings) -> list[Finding]:
    """Advertising names who sends it, with a postal address."""
    return [] if any(char.isdigit() for char in shop.imprint) else [Finding("imprint", "no_imprint")]
