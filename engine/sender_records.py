"""The records by which a domain says that mail may come from here: SPF, DKIM and DMARC."""

import re
from dataclasses import asdict, dataclass
from typing import Any, Literal

from core import dns
from core.config import Config

Kind = Literal["spf", "dkim", "dmarc"]
State = Literal["right", "missing", "wrong", "several"]


# As DMARC's own walk up a domain's tree: whoever has more labels is asked about by the last ones.
DMARC_LABELS = 7


@dataclass(frozen=True, slots=True)
class Record:
    """A text record as it is to stand at `name`, and how it stands: `there` is
    what was found instead."""

    kind: Kind
    name: str
    value: str
    state: State
    there: str = ""

    def kept(self) -> dict[str, Any]:
        return asdict(self)


def are_right(records: list[Record]) -> bool:
    return all(record.state == "right" for record in records)


def look_up(config: Config, domain: str) -> list[Record]:
    """All three, in the order in which they are shown. Raises Retryable."""
    return [_spf(config, domain), _dkim(config, domain), _dmarc(config, domain)]


def _spf(config: Config, domain: str) -> Record:
    wanted = f"include:{config.spf_include}"
    found = sorted(text for text in _texts(config, domain) if re.match(r"v=spf1(\s|$)", text, re.IGNORECASE))
    if not found:
        return Record("spf", domain, f"v=spf1 {wanted} ~all", "missing")
    if len(found) > 1:
        return Record("spf", domain, _with_include(found[0], wanted), "several", " · ".join(found))
    terms = [term.lstrip("+").lower() for term in found[0].split()]
    state: State = "right" if wanted.lower() in terms else "wrong"
    return Record("spf", domain, _with_include(found[0], wanted), state, found[0])


def _with_include(text: str, wanted: str) -> str:
    """Her own record with ours in it, before what holds for all others."""
    terms = text.split()
    if wanted.lower() in (term.lstrip("+").lower() for term in terms):
        return text
    last = re.compile(r"[-~?+]?all|redirect=.*", re.IGNORECASE)
    ends = next((n for n, term in enumerate(terms) if last.fullmatch(term)), len(terms))
    return " ".join([*terms[:ends], wanted, *terms[ends:]])


def _dkim(config: Config, domain: str) -> Record:
    key = _public_key(config)
    name, value = f"{config.dkim_selector}._domainkey.{domain}", f"v=DKIM1; k=rsa; p={key}"
    found = [text for text in _texts(config, name) if "p" in _tags(text)]
    if not found:
        return Record("dkim", name, value, "missing")
    is_ours = len(found) == 1 and re.sub(r"\s", "", _tags(found[0])["p"]) == key
    return Record("dkim", name, value, "right" if is_ours else "wrong", found[0])


def _dmarc(config: Config, domain: str) -> Record:
    """That of the domain itself, or of one above it."""
    labels = domain.split(".")
    near = labels[-DMARC_LABELS:]
    above = [".".join(near[n:]) for n in range(len(near) - 1)]
    for place in dict.fromkeys([domain, *above]):
        found = [text for text in _texts(config, f"_dmarc.{place}") if _is_dmarc(text)]
        if len(found) == 1:
            return Record("dmarc", f"_dmarc.{place}", found[0], "right", found[0])
        if found:
            return Record("dmarc", f"_dmarc.{place}", found[0], "several", " · ".join(found))
    return Record("dmarc", f"_dmarc.{domain}", "v=DMARC1; p=none", "missing")


def _is_dmarc(text: str) -> bool:
    tags = _tags(text)
    return tags.get("v", "").upper() == "DMARC1" and tags.get("p", "").lower() in (
        "none",
        "quarantine",
        "reject",
    )


def _tags(text: str) -> dict[str, str]:
    parts = (part.partition("=") for part in text.split(";"))
    return {name.strip().lower(): value.strip() for name, equals, value in parts if equals}


def _texts(config: Config, name: str) -> tuple[str, ...]:
    return dns.texts(name, config.dns_servers)


def _public_key(config: Config) -> str:
    # It is loaded when the first sender's domain is looked up.
    from core.dkim import Signer

    given = (config.dkim_domain, config.dkim_selector, config.dkim_private_key)
    return Signer.of(*(one or "" for one in given)).public_key
