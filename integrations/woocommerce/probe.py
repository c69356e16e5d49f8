"""From what a merchant typed to the store that is meant, or to what she should change."""

import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import httpx2

from core.errors import KontorError, Permanent, Refusal, Retryable
from core.http import HttpClient
from core.network import within
from integrations.self_hosted import Problem
from integrations.woocommerce import profile, refusals
from integrations.woocommerce.problems import problem

# Where WordPress's own pages begin: what stands before is its home.
INSIDE = ("wp-admin", "wp-login.php", "wp-content", "wp-json", "wc-auth", "index.php")
MOST_TRIES = 4
LONGEST = 500
ENTRIES = ("", "index.php")
# Somebody waits for the answer, and a thread with her; a site that drips must not hold both.
PROBED_WITHIN = 20.0


@dataclass(frozen=True, slots=True)
class Found:
    """A store: `domain` names it (host and folder, no scheme), `entry` is
    "index.php" where its addresses must go through it."""

    domain: str
    entry: str
    name: str
    timezone: str

    @property
    def home(self) -> str:
        return f"https://{self.domain}"


def normalised(typed: str) -> str | Problem:
    """Host and path as the store could be called, no scheme: it is https."""
    text = typed.strip()
    scheme, separator, rest = text.partition("://")
    if separator and scheme.lower() not in ("http", "https"):
        return problem("not_an_address")
    try:
        url = httpx2.URL(f"https://{rest if separator else text}")
    except (httpx2.InvalidURL, UnicodeError):
        return problem("not_an_address")
    if url.userinfo:
        return problem("has_credentials")
    if url.fragment or "#" in text:
        return problem("has_fragment")
    host = url.raw_host.decode().lower().rstrip(".")
    if len(text) > LONGEST or not _is_host(host):
        return problem("not_an_address")
    port = f":{url.port}" if url.port not in (None, 80, 443) else ""
    return f"{host}{port}{_path(url)}"


def _is_host(host: str) -> bool:
    """A name with a dot in it, or an address; brackets are those of IPv6."""
    return ("." in host or ":" in host or host == "localhost") and not any(one in host for one in " %<>\"'\\")


def _path(url: httpx2.URL) -> str:
    path = url.raw_path.decode().partition("?")[0]
    return "".join(f"/{part}" for part in path.split("/") if part)


@within(PROBED_WITHIN)
def probe(client: HttpClient, typed: str) -> Found | Problem:
    """Nothing secret is sent; no redirect is followed, it is named instead."""
    address = normalised(typed)
    if isinstance(address, Problem):
        return address
    homes = list(_homes(address))
    asked = [(entry, home) for entry in ENTRIES for home in homes]
    met: Problem | None = None
    for entry, home in asked:
        outcome = _look(client, home, entry)
        if isinstance(outcome, Found) or not _is_of_one_path(outcome, home):
            return outcome
        met = met if met and met.word == "redirected" else outcome
    return _without_rewriting(client, homes) or met or problem("no_wordpress")


def _is_of_one_path(outcome: Problem, home: str) -> bool:
    """Whether another folder of the same host may still be the shop."""
    same_host = f"{outcome.address}/".startswith(f"https://{home.partition('/')[0]}/")
    return outcome.word == "no_wordpress" or (outcome.word == "redirected" and same_host)


def _homes(address: str) -> Iterator[str]:
    """The address itself, then upwards: a page of a shop lies below its home."""
    host, *folders = address.split("/")
    inside = next((at for at, one in enumerate(folders) if one.lower() in INSIDE), len(folders))
    folders = folders[:inside]
    depths = [*range(len(folders), -1, -1)]
    for depth in dict.fromkeys([*depths[: MOST_TRIES - 1], 0]):
        yield "/".join([host, *folders[:depth]])


def _look(client: HttpClient, domain: str, entry: str) -> Found | Problem:
    outcome = _index(client, domain, f"{entry}/wp-json/".lstrip("/"))
    return outcome if isinstance(outcome, Problem) else _judged(outcome, domain, entry)


def _without_rewriting(client: HttpClient, homes: list[str]) -> Problem | None:
    """There the API answers to a parameter only, and knows no keys."""
    for domain in homes:
        index = _index(client, domain, "?rest_route=/")
        if not isinstance(index, Problem):
            judged = _judged(index, domain, "")
            return problem("plain_permalinks") if isinstance(judged, Found) else judged
    return None


def _index(client: HttpClient, domain: str, path: str) -> Mapping[str, Any] | Problem:
    """What the site says of itself, or why it did not."""
    try:
        reply = client.send("GET", f"https://{domain}/{path}", headers={"accept": "application/json"})
    except KontorError as error:
        return _failure(client, domain, error)
    try:
        said = refusals.parsed(reply.body)
    except ValueError:
        return problem("no_wordpress")
    return said if isinstance(said, dict) and "namespaces" in said else problem("no_wordpress")


def _judged(index: Mapping[str, Any], domain: str, entry: str) -> Found | Problem:
    """The site's own word for its home names it: one store, one name, however it was typed."""
    home = normalised(str(index.get("home") or domain))
    home = domain if isinstance(home, Problem) else home
    if home.partition("/")[0] != domain.partition("/")[0]:
        return problem("redirected", f"https://{home}")
    spaces = index.get("namespaces")
    spoken = [one for one in spaces if isinstance(one, str)] if isinstance(spaces, list) else []
    if "wc/v3" not in spoken:
        return problem("too_old" if {"wc/v1", "wc/v2"} & set(spoken) else "no_woocommerce")
    zone = profile.timezone(dict(index))
    return Found(home, entry, profile.text(index, "name"), zone)


def _failure(client: HttpClient, domain: str, error: KontorError) -> Problem:
    if error.refusal is not None:
        return _refused(error.refusal, domain)
    if isinstance(error, Permanent):
        return problem("private_address")
    if _has(error, ssl.SSLCertVerificationError):
        return problem("bad_certificate")
    return problem("https_missing" if _answers_plainly(client, domain) else "unreachable", domain)


def _refused(refusal: Refusal, domain: str) -> Problem:
    status = refusal.status
    if 300 <= status < 400:
        return _redirected(refusal, domain)
    if status == 503 or status >= 500:
        return problem("maintenance")
    if status in (401, 403) and refusals.code(refusal):
        return problem("api_closed")
    return problem("no_wordpress" if status in (400, 404, 410) else "blocked")


def _redirected(refusal: Refusal, domain: str) -> Problem:
    """Only the home is named, as it would have to be typed."""
    try:
        target = httpx2.URL(f"https://{domain}/").join(refusal.headers.get("location", ""))
    except (httpx2.InvalidURL, UnicodeError):
        return problem("no_wordpress")
    if target.scheme == "http":
        return problem("https_missing")
    there = normalised(f"https://{target.netloc.decode()}{target.raw_path.decode()}")
    if isinstance(there, Problem):
        return problem("no_wordpress")
    home = next(_homes(there))
    return problem("no_wordpress" if home == domain else "redirected", f"https://{home}")


def _has(error: BaseException | None, kind: type[BaseException]) -> bool:
    while error is not None:
        if isinstance(error, kind):
            return True
        error = error.__cause__ or error.__context__
    return False


def _answers_plainly(client: HttpClient, domain: str) -> bool:
    """Whether a server is there at all, only without HTTPS."""
    host = domain.partition("/")[0]
    try:
        client.send("GET", f"http://{host}/")
    except (Permanent, Retryable) as error:
        return error.refusal is not None
    except KontorError:
        return True
    return True
