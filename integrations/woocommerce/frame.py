"""A store's admin as one in whose frame our pages live: our plugin signs who looks.

Its token is good for one page. That page then carries a proof of our own, for
what it loads inside itself and for its forms, until the plugin signs another.
"""

import hashlib
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from html import escape
from typing import TYPE_CHECKING, Self
from urllib.parse import urlencode, urlsplit

from sqlalchemy import delete, select

from core import clock
from core.db import insert, reading, transaction
from core.errors import Permanent
from core.models.tables import companions, connections, spent_proofs
from core.runtime import Runtime
from integrations.admins import Granted, Unproven, Viewer, Visit
from integrations.late import LateModule
from integrations.live import Tokens
from integrations.roles import Response
from integrations.woocommerce.home import home_url

# Who never opens a page inside an admin needs none of it.
if TYPE_CHECKING:
    from integrations.woocommerce import tokens
else:
    tokens = LateModule("integrations.woocommerce.tokens")

PROOF, STORE = "kontor_token", "store"
PATCH, SCRIPT = "/woocommerce/again", "/static/frames/woocommerce.js"
ASKED, PATIENCE_SECONDS = "asked-again", 5
AGAIN = "kontor-again"
OWN_LASTS = timedelta(seconds=60)
# A token lasts a minute; two clocks may differ.
REMEMBERED = timedelta(minutes=5)
NO_FRAME = "frame-ancestors 'none'"


@dataclass(frozen=True, slots=True)
class Known:
    """A store whose companion we know; `page` is where our pages are shown in its admin."""

    merchant_id: int
    domain: str
    page: str
    secret: str

    @property
    def ancestors(self) -> str:
        parts = urlsplit(self.page)
        return f"frame-ancestors {parts.scheme}://{parts.netloc}" if parts.netloc else NO_FRAME


class WooCommerceAdmin:
    """One per process."""

    key = "woocommerce"
    title = "WooCommerce"
    proof_name = PROOF
    scripts = ""
    listing: str | None = None

    def __init__(self, runtime: Runtime) -> None:
        self._runtime, self._app_url = runtime, runtime.config.app_url
        key = hmac.digest(runtime.config.secret_key.encode(), b"kontor-woocommerce-frame", hashlib.sha256)
        self._own_key = key.hex()

    @classmethod
    def of(cls, runtime: Runtime) -> Self:
        return cls(runtime)

    def viewer(self, visit: Visit) -> Viewer | Unproven | None:
        token = _token(visit)
        if token is None:
            return None
        issuer = tokens.issuer(token)
        if issuer == self._app_url:
            return self._carried_on(token)
        store = self._known(issuer.removeprefix("https://")) if issuer else None
        return self._arrived(store, token) if store else Unproven("worthless")

    def _arrived(self, store: Known, token: str) -> Viewer | Unproven:
        key = tokens.frame_key(store.secret)
        claims = tokens.read(token, key, home_url(store.domain), self._app_url)
        if isinstance(claims, Unproven):
            return claims
        if not self._spend(store.merchant_id, claims.id):
            return Unproven("stale")
        return Viewer(store.domain, claims.user, self._own_proof(store.domain, claims.user))

    def _own_proof(self, domain: str, user: str) -> str:
        claims = {"iss": self._app_url, "aud": domain, "sub": user, "jti": secrets.token_hex(16)}
        return tokens.sign(claims, self._own_key, OWN_LASTS)

    def _carried_on(self, proof: str) -> Viewer | Unproven:
        """For which store it was made stands in it, and it is signed by us."""
        domain = tokens.audience(proof)
        claims = tokens.read(proof, self._own_key, self._app_url, domain)
        if isinstance(claims, Unproven):
            return claims
        # A store that was disconnected meanwhile shows nothing any more.
        return Viewer(domain, claims.user, proof) if self._known(domain) else Unproven("worthless")

    def _spend(self, merchant_id: int, proof: str) -> bool:
        """False where it was spent before."""
        now, print_ = clock.now(), hashlib.sha256(proof.encode()).hexdigest()
        with transaction(self._runtime.db) as session:
            mine = (spent_proofs.c.merchant_id == merchant_id, spent_proofs.c.at < now - REMEMBERED)
            session.execute(delete(spent_proofs).where(*mine))
            row = insert(spent_proofs, session).values(merchant_id=merchant_id, proof=print_, at=now)
            spent = row.on_conflict_do_nothing(index_elements=["merchant_id", "proof"])
            return session.execute(spent.returning(spent_proofs.c.id)).scalar_one_or_none() is not None

    def _known(self, domain: str) -> Known | None:
        found = (
            select(companions, connections.c.domain)
            .join(connections, connections.c.merchant_id == companions.c.merchant_id)
            .where(connections.c.platform == self.key, connections.c.domain == domain)
        )
        with reading(self._runtime.db) as session:
            row = session.execute(found).one_or_none()
        if row is None:
            return None
        secret = self._runtime.vault.open(row.secret, f"companion:{row.merchant_id}:secret").decode()
        return Known(row.merchant_id, row.domain, row.page, secret)

    def carried(self, visit: Visit, viewer: Viewer) -> Mapping[str, str]:
        return {STORE: viewer.shop}

    def again(self, visit: Visit, shop: str | None) -> Response | None:
        """Outside the frame its pages have a session of their own, or go back into it."""
        told = dict(visit.query)
        store = self._known(shop or told.get(STORE, "")) if shop or told.get(STORE) else None
        if store is None:
            return None
        if _is_fetch(visit):
            return Response(401, headers={"Cache-Control": "no-store"})
        if visit.method not in ("GET", "HEAD"):
            return None
        if visit.headers.get("sec-fetch-dest") == "iframe":
            return None if _just_asked(told) else self._patched(visit, store)
        return _to(store.page) if STORE in told and store.page else None

    def _patched(self, visit: Visit, store: Known) -> Response:
        kept = [(name, value) for name, value in visit.query if name not in (PROOF, STORE, ASKED)]
        kept += [(STORE, store.domain), (ASKED, str(int(clock.now().timestamp())))]
        return _to(f"{PATCH}?{urlencode({STORE: store.domain, AGAIN: f'{visit.path}?{urlencode(kept)}'})}")

    def patch_page(self, visit: Visit) -> Response:
        """Nothing but the script, which asks the admin around it for a token."""
        told = dict(visit.query)
        target, store = told.get(AGAIN, ""), self._known(told.get(STORE, ""))
        if store is None or not target.startswith("/") or target[1:2] in ("/", "\\") or not target.isascii():
            return Response(400, "this page does not lead there")
        instead = f'<a href="{escape(store.page)}" target="_top">Kontor</a>'
        page = (
            '<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>Kontor</title>\n'
            f'<meta name="{AGAIN}" content="{escape(target)}">\n'
            f'<script src="{SCRIPT}" defer></script></head>\n'
            f"<body><noscript>{instead}</noscript></body></html>\n"
        )
        policy = f"default-src 'none'; script-src 'self'; base-uri 'none'; {store.ancestors}"
        headers = {"Content-Type": "text/html; charset=utf-8", "Content-Security-Policy": policy}
        return Response(200, page, {**headers, "Cache-Control": "no-store"})

    def tokens(self, viewer: Viewer) -> Tokens | None:
        """A store's keys come from its owner's approval, never from a look at our pages."""
        return None

    def head(self) -> str:
        return ""

    def ancestors(self, shop: str) -> str:
        store = self._known(shop)
        return store.ancestors if store else NO_FRAME

    def inside(self, shop: str, path: str) -> str:
        store = self._known(shop)
        return store.page if store else home_url(shop)

    def exit_page(self, shop: str, url: str, nonce: str) -> Response:
        return Response(400, "nothing of this platform leaves the frame")

    def asked_by(self, visit: Visit) -> str | None:
        """A store is connected with its keys, and its owner begins that."""
        return None

    def grant_url(self, shop: str, state: str, back: str) -> str:
        return f"{self._app_url}/connect/{self.key}"

    def granted(self, visit: Visit) -> Granted | None:
        return None

    def redeem(self, granted: Granted) -> Tokens:
        raise Permanent("this platform has no grant screen")


def _token(visit: Visit) -> str | None:
    """A fetch brings it in a header, a page in its address, a form in a field."""
    scheme, _, token = visit.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return token.strip() or None
    return visit.form.get(PROOF) or dict(visit.query).get(PROOF) or None


def _just_asked(told: Mapping[str, str]) -> bool:
    """A page that was asked for anew this moment and is still no good would be asked for for ever."""
    asked = told.get(ASKED, "")
    return asked.isdecimal() and 0 <= clock.now().timestamp() - int(asked[:12]) < PATIENCE_SECONDS


def _is_fetch(visit: Visit) -> bool:
    return "authorization" in visit.headers or visit.headers.get("sec-fetch-dest") == "empty"


def _to(address: str) -> Response:
    return Response(302, headers={"Location": address, "Cache-Control": "no-store"})
