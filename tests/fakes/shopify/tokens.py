"""Who may speak for the app in one shop: access and refresh tokens, and how one becomes the other."""

import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from tests.fakes.shopify import id_tokens

EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
ID_TOKEN = "urn:ietf:params:oauth:token-type:id_token"
OFFLINE = "urn:shopify:params:oauth:token-type:offline-access-token"
ONLINE = "urn:shopify:params:oauth:token-type:online-access-token"
ACCESS_ALIVE = timedelta(hours=1)
REFRESH_ALIVE = timedelta(days=90)
RETRY_ALIVE = timedelta(days=30)
Refusal = tuple[int, dict[str, str]]
DOCUMENTED: Refusal = (400, {"error": "invalid_grant"})
SEEN_IN_2026: Refusal = (
    401,
    {"error": "invalid_request", "error_description": "This request requires an active refresh_token"},
)


@dataclass
class Access:
    """`ends_at` None: an access token of the old kind, which never expires."""

    value: str
    ends_at: datetime | None


@dataclass
class Refresh:
    """`used_at` is its first use; `replaced` that its replacement was used too."""

    value: str
    ends_at: datetime
    used_at: datetime | None = None
    former: "Refresh | None" = None
    dead: bool = False


@dataclass
class Code:
    value: str
    scopes: frozenset[str]
    used: bool = False


@dataclass
class Installation:
    """The app in one shop. Without it every token is dead."""

    shop: str
    scopes: frozenset[str]
    installed: bool = True
    accesses: dict[str, Access] = field(default_factory=dict)
    refreshes: dict[str, Refresh] = field(default_factory=dict)
    codes: dict[str, Code] = field(default_factory=dict)

    def opens(self, token: str | None, now: datetime) -> Access | None:
        known = self.accesses.get(token or "")
        alive = known is not None and (known.ends_at is None or known.ends_at > now)
        return known if self.installed and alive else None

    def uninstall(self) -> None:
        self.installed = False
        self.revoke()

    def revoke(self) -> None:
        self.accesses.clear()
        self.refreshes.clear()
        self.codes.clear()

    def issue(self, now: datetime, former: Refresh | None = None) -> dict[str, Any]:
        """A new pair. It retires every other refresh token except the one that
        was just used, which may be tried again until this one is used."""
        for one in list(self.refreshes.values()):
            one.dead = one.dead or one is not former
        access = Access(f"shpat_{secrets.token_hex(16)}", now + ACCESS_ALIVE)
        refresh = Refresh(f"shprt_{secrets.token_hex(16)}", now + REFRESH_ALIVE, former=former)
        self.accesses[access.value] = access
        self.refreshes[refresh.value] = refresh
        return {
            "access_token": access.value,
            "expires_in": int(ACCESS_ALIVE.total_seconds()),
            "refresh_token": refresh.value,
            "refresh_token_expires_in": int(REFRESH_ALIVE.total_seconds()),
            "scope": ",".join(sorted(self.scopes)),
        }

    def issue_lasting(self) -> dict[str, Any]:
        """Without expiring=1: of the kind that new public apps may not use any more."""
        access = Access(f"shpat_{secrets.token_hex(16)}", None)
        self.accesses[access.value] = access
        return {"access_token": access.value, "scope": ",".join(sorted(self.scopes))}


@dataclass
class TokenEndpoint:
    """`dead_refresh` is the answer to a refresh token that is no good: as
    documented, or as it was seen in the summer of 2026."""

    client_id: str
    client_secret: str
    dead_refresh: Refusal = DOCUMENTED

    def answer(
        self, installation: Installation | None, asked: dict[str, Any], now: datetime
    ) -> tuple[int, dict[str, Any]]:
        known = (str(asked.get("client_id")), str(asked.get("client_secret")))
        if known != (self.client_id, self.client_secret):
            return 400, {"error": "invalid_client"}
        if installation is None or not installation.installed:
            return 400, {"error": "invalid_client"}
        if asked.get("grant_type") == "refresh_token":
            return self._refreshed(installation, asked, now)
        if asked.get("grant_type") == EXCHANGE:
            return self._exchanged(installation, asked, now)
        if "code" in asked:
            return self._redeemed(installation, asked, now)
        return 400, {"error": "unsupported_grant_type"}

    def _exchanged(
        self, installation: Installation, asked: dict[str, Any], now: datetime
    ) -> tuple[int, dict[str, Any]]:
        kind, token = asked.get("subject_token_type"), asked.get("subject_token")
        if asked.get("requested_token_type") == ONLINE and kind == ID_TOKEN:
            return self._online(installation, token, now)
        if asked.get("requested_token_type") != OFFLINE or kind not in {ID_TOKEN, OFFLINE}:
            return 400, {"error": "invalid_request"}
        if kind == OFFLINE:
            return self._upgraded(installation, asked, now)
        if not id_tokens.holds(token, installation.shop, self.client_id, self.client_secret, now):
            return 400, {"error": "invalid_subject_token"}
        return 200, installation.issue(now) if _expiring(asked) else installation.issue_lasting()

    def _online(self, installation: Installation, token: object, now: datetime) -> tuple[int, dict[str, Any]]:
        if not id_tokens.holds(token, installation.shop, self.client_id, self.client_secret, now):
            return 400, {"error": "invalid_subject_token"}
        access = Access(f"shpua_{secrets.token_hex(16)}", now + timedelta(seconds=86399))
        installation.accesses[access.value] = access
        scope = ",".join(sorted(installation.scopes))
        user = {"id": 42, "first_name": "Ada", "last_name": "Owner", "email": "ada@example.test"}
        rest = {"email_verified": True, "account_owner": True, "locale": "de", "collaborator": False}
        return 200, {
            "access_token": access.value,
            "scope": scope,
            "expires_in": 86399,
            "associated_user_scope": scope,
            "associated_user": user | rest,
        }

    def _upgraded(
        self, installation: Installation, asked: dict[str, Any], now: datetime
    ) -> tuple[int, dict[str, Any]]:
        """An old token without an end becomes a pair, once and for all."""
        known = installation.accesses.get(str(asked.get("subject_token")))
        if known is None or known.ends_at is not None or not _expiring(asked):
            return 400, {"error": "invalid_subject_token"}
        del installation.accesses[known.value]
        return 200, installation.issue(now)

    def _refreshed(
        self, installation: Installation, asked: dict[str, Any], now: datetime
    ) -> tuple[int, dict[str, Any]]:
        one = installation.refreshes.get(str(asked.get("refresh_token")))
        if one is None or one.dead or one.ends_at <= now:
            return self.dead_refresh
        if one.used_at is not None and now - one.used_at > RETRY_ALIVE:
            return self.dead_refresh
        one.used_at = one.used_at or now
        if one.former is not None:
            one.former.dead = True
        return 200, installation.issue(now, former=one)

    def _redeemed(
        self, installation: Installation, asked: dict[str, Any], now: datetime
    ) -> tuple[int, dict[str, Any]]:
        code = installation.codes.get(str(asked["code"]))
        if code is None or code.used:
            said = "The authorization code was not found or was already used"
            return 400, {"error": "invalid_request", "error_description": said}
        code.used = True
        installation.scopes = code.scopes
        return 200, installation.issue(now) if _expiring(asked) else installation.issue_lasting()


def _expiring(asked: dict[str, Any]) -> bool:
    return str(asked.get("expiring")).lower() in {"1", "true"}
