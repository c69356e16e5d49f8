"""What settings of the environment look like: words, keys, hosts, and what belongs together."""

import re
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator

from core.vault import check_key


def _words(value: object) -> object:
    return tuple(value.split()) if isinstance(value, str) else value


def _keys_of_32_bytes(keys: tuple[str, ...]) -> tuple[str, ...]:
    for key in keys:
        check_key(key)
    return keys


def _hosts(table: tuple[str, ...]) -> tuple[str, ...]:
    for word in table:
        if not re.fullmatch(r"(\*\.)?[a-z0-9.-]+=[^=:\s]+:[0-9]{1,5}", word):
            raise ValueError("name=address:port")
    return table


Words = Annotated[tuple[str, ...], BeforeValidator(_words)]
HostTable = Annotated[Words, AfterValidator(_hosts)]
DataKeys = Annotated[Words, AfterValidator(_keys_of_32_bytes)]


def fault_of_signing(domain: str | None, selector: str | None, key: str | None, sender: str) -> str | None:
    """What is wrong with the three settings of DKIM; `sender` is the address of all mails."""
    if not any((domain, selector, key)):
        return None
    if not (domain and selector and key):
        return "DKIM_DOMAIN, DKIM_SELECTOR and DKIM_PRIVATE_KEY belong together. Expected: all, or none."
    from core.dkim import Signer

    try:
        signer = Signer.of(domain, selector, key)
    except ValueError:
        return "DKIM_PRIVATE_KEY is malformed. Expected: an RSA key of 2048 bits or more, in PEM."
    if signer.signs_for(sender) != signer.domain:
        return "DKIM_DOMAIN is not MAIL_FROM's. Expected: the domain of MAIL_FROM or one above it."
    return None
