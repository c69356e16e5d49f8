"""The address a store lives at: kept without its scheme, for it is always https."""


def home_url(domain: str) -> str:
    """Where the store is called and where its pages are; no slash at the end."""
    home = domain.rstrip("/")
    return home if "://" in home else f"https://{home}"
