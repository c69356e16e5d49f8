"""A brand's colour made readable, on a white card and on a dark one."""

import re
from dataclasses import dataclass
from functools import lru_cache

INK, PAPER = "#1b1b1f", "#ffffff"
DARK_CARD, DARK_INK = "#1d1d20", "#f4f4f6"
STANDARD = "#1f5f4e"
READABLE = 4.5
_HEX = re.compile(r"#[0-9a-fA-F]{6}")


@dataclass(frozen=True, slots=True)
class Colours:
    """The button, the words on it, and its edge on light and on dark."""

    button: str
    on_button: str
    edge: str
    dark_edge: str


@lru_cache(maxsize=1024)
def colours_of(brand: str | None) -> Colours:
    """Colours for a merchant's `#rrggbb`; the standard ones for anything else."""
    button = _readable(brand if brand and _HEX.fullmatch(brand) else STANDARD)
    on_button = _ink(button)
    return Colours(button, on_button, _edge(button, PAPER, INK), _edge(button, DARK_CARD, DARK_INK))


def contrast(one: str, other: str) -> float:
    """The contrast ratio as WCAG defines it, 1 to 21."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _ink(button: str) -> str:
    return max((PAPER, INK), key=lambda ink: contrast(ink, button))


def _readable(colour: str) -> str:
    """Neither white nor black can be read on some colours of middling lightness: those are
    made darker until white can."""
    while contrast(_ink(colour), colour) < READABLE:
        channels = (int(colour[at : at + 2], 16) * 97 // 100 for at in (1, 3, 5))
        colour = "#" + "".join(f"{channel:02x}" for channel in channels)
    return colour


def _edge(button: str, ground: str, ink: str) -> str:
    """A button that would melt into its ground gets a line around it."""
    return button if contrast(button, ground) >= 3 else ink


def _luminance(colour: str) -> float:
    channels = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
