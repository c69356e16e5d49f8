"""Text records of the name system, asked of the operator's own name servers or the machine's."""

from collections.abc import Sequence

from core.errors import Retryable

SECONDS = 4.0
PORT = 53


def texts(name: str, servers: Sequence[str] = (), seconds: float = SECONDS) -> tuple[str, ...]:
    """What stands there; nothing where there is no such name. `servers` are
    address or address:port. Raises Retryable where nobody could tell."""
    # It is loaded when the first sender's domain is looked up.
    import dns.exception
    import dns.name
    import dns.nameserver
    import dns.resolver

    try:
        resolver = dns.resolver.Resolver(configure=not servers)
        if servers:
            resolver.nameservers = [dns.nameserver.Do53Nameserver(*_place(one)) for one in servers]
        answer = resolver.resolve(name, "TXT", lifetime=seconds, search=False)
    except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer, dns.name.LabelTooLong, dns.name.EmptyLabel):
        return ()
    except (dns.exception.DNSException, OSError) as error:
        raise Retryable(f"the name servers did not tell: {type(error).__name__}") from error
    return tuple(b"".join(row.strings).decode("utf-8", "replace") for row in answer)


def _place(server: str) -> tuple[str, int]:
    address, _, port = server.rpartition(":")
    return (address, int(port)) if address and port.isdigit() else (server, PORT)
