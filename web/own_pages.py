"""What a merchant puts into pages of her own, so that shoppers join a waiting line there."""

# Ours, but on other people's pages: their addresses are written there once and stay.
PASTED = ("kontor-waitlist.css", "kontor-waitlist.js")
# What she replaces by the number of the variant that the page is about.
VARIANT = "VARIANT"


def snippet(app_url: str, key: str) -> str:
    """Three lines of HTML; see the head of kontor-waitlist.js. Room is kept from the start."""
    styles, script = (f"{app_url}/static/{name}" for name in PASTED)
    line = f"{app_url}/s/{key}/waitlist"
    return "\n".join(
        (
            f'<link rel="stylesheet" href="{styles}">',
            f'<kontor-waitlist data-kontor="{line}" data-variant="{VARIANT}"></kontor-waitlist>',
            f'<script src="{script}" defer></script>',
        )
    )
