"""A certificate authority of our own, made anew for each use."""

from dataclasses import dataclass
from datetime import timedelta

from web.fakes.authority import signed


@dataclass(frozen=True)
class Authority:
    """PEM: the authority's certificate, and the certificate and key of its one host."""

    certificate: bytes
    host_chain: bytes


def make_authority(host: str) -> Authority:
    return Authority(*signed((host,), timedelta(days=1)))
