"""One spelling for an e-mail address, so that it is one person, one cap and
one erasure however somebody types it."""

import unicodedata


def canonical(address: str) -> str:
    """Small letters, no look-alike width, the domain in IDNA; what is no
    address comes back trimmed and small."""
    plain = unicodedata.normalize("NFKC", address).strip().lower()
    local, at, domain = plain.rpartition("@")
    try:
        return f"{local}{at}{domain.encode('idna').decode()}"
    except UnicodeError:
        return plain
