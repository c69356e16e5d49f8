"""Inside a platform's admin: who looks, proven by the page itself, as cookies do not reach into the frame.

A page in the frame is told by its proof alone. Its links carry what the admin
needs, its forms the proof; a page without a good proof is asked for again.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import urlencode

from flask import Flask, Response, abort, current_app, g, make_response, request, session
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface
from flask.wrappers import Request
from itsdangerous import BadSignature, URLSafeTimedSerializer
from markupsafe import Markup
from sqlalchemy import select
from werkzeug.exceptions import RequestEntityTooLarge

from core.db import reading
from core.models.tables import connections, merchants
from engine.machine import Machine
from integrations import roles
from integrations.admins import Admin, Unproven, Viewer, Visit

# What a form did is told on the page that comes next, also where that is asked for twice.
TOLD = "told"
TOLD_WITHIN = 120


@dataclass(frozen=True)
class Framed:
    """A page asked for by somebody proven to be in a shop's admin."""

    admin: Admin
    viewer: Viewer

    def head(self) -> Markup:
        return Markup(self.admin.head())  # noqa: S704 - The admin's own tags; the client id in them is escaped.

    @property
    def ancestors(self) -> str:
        return self.admin.ancestors(self.viewer.shop)

    def carried(self) -> Mapping[str, str]:
        """What links and forms of this page carry; the language too, as no cookie remembers it."""
        lang = request.args.get("lang")
        kept = {"lang": lang} if lang in ("de", "en") else {}
        return {**self.admin.carried(this_visit(), self.viewer), **kept}


def install(app: Flask) -> None:
    app.session_interface = FrameSessions()
    app.url_defaults(_carry)
    app.after_request(_prove_the_next_page)
    app.jinja_env.globals |= {"framed": framed, "proven": proven, "in_language": in_language}


def admins() -> dict[str, Admin]:
    return cast(dict[str, Admin], current_app.extensions["kontor.admins"])


def framed() -> Framed | None:
    """Who looks from inside an admin; None for everybody else."""
    found = _seen()
    return found if isinstance(found, Framed) else None


def proven(url: str) -> str:
    """The address of something inside this page, which comes with the page's own proof."""
    found = framed()
    return url if found is None else _with(url, {found.admin.proof_name: found.viewer.proof})


def in_language(language: str) -> str:
    """The page itself in another language."""
    found = framed()
    return _with("", {**(found.carried() if found else {}), "lang": language})


def _with(url: str, more: Mapping[str, str]) -> str:
    return f"{url}{'&' if '?' in url else '?'}{urlencode(more)}"


def brings_no_good_proof() -> bool:
    return isinstance(_seen(), Unproven)


def this_visit() -> Visit:
    return Visit(
        request.method,
        request.path,
        list(request.args.items(multi=True)),
        {name.lower(): value for name, value in request.headers.items()},
        _posted(),
    )


def _posted() -> Mapping[str, str]:
    """A form too large to be read brings no proof; the page says that it is too large."""
    try:
        return request.form if request.method == "POST" else {}
    except RequestEntityTooLarge:
        return {}


def _seen() -> Framed | Unproven | None:
    if "frame" not in g:
        g.frame = _look()
    return cast(Framed | Unproven | None, g.frame)


def _look() -> Framed | Unproven | None:
    """A proof that is worthless to one platform may be another's."""
    visit, unproven = this_visit(), None
    for admin in admins().values():
        viewer = admin.viewer(visit)
        if isinstance(viewer, Viewer):
            return Framed(admin, viewer)
        if viewer is not None and (unproven is None or viewer.why == "stale"):
            unproven = viewer
    return unproven


def shop_of(framed: Framed) -> Any | None:
    """The merchant and the connection of the shop that the visitor looks from."""
    columns = (merchants.c.id, merchants.c.key, connections.c.state, connections.c.token)
    found = select(*columns).join(connections, connections.c.merchant_id == merchants.c.id)
    mine = (connections.c.platform == framed.admin.key, connections.c.domain == framed.viewer.shop)
    with reading(_machine().db) as db:
        return db.execute(found.where(*mine)).one_or_none()


def ask_again(key: str = "") -> None:
    """Ends this request by asking for its page with a fresh proof, where that
    may help: for a shop that has an admin, or one that the address names."""
    seen = _seen()
    if isinstance(seen, Unproven) and seen.why == "worthless" and "Authorization" not in request.headers:
        return
    platform, domain = _whose(key)
    for admin in admins().values():
        answer = admin.again(this_visit(), domain) if platform in (None, admin.key) else None
        if answer is not None:
            abort(made(answer))


def is_inside_a_frame() -> bool:
    """As the browser says; cookies can't be set there."""
    return request.headers.get("Sec-Fetch-Dest") == "iframe"


def _whose(key: str) -> tuple[str | None, str | None]:
    """Platform and domain of the merchant whom `key` names."""
    found = select(connections.c.platform, connections.c.domain).join(
        merchants, connections.c.merchant_id == merchants.c.id
    )
    with reading(_machine().db) as db:
        row = db.execute(found.where(merchants.c.key == key)).one_or_none()
    return (row.platform, row.domain) if row else (None, None)


def made(answer: roles.Response) -> Response:
    return make_response(answer.body, answer.status, dict(answer.headers))


def _carry(endpoint: str, values: dict[str, Any]) -> None:
    """Every link of a page in the frame leads to a page in the frame."""
    found = framed() if endpoint != "static" else None
    if found is not None:
        for name, value in found.carried().items():
            values.setdefault(name, value)


def _prove_the_next_page(response: Response) -> Response:
    """A redirect inside the frame takes the proof along, and what there is to tell."""
    found = framed()
    location = response.headers.get("Location", "")
    ours = location.startswith("/") and not location.startswith("//")
    if found is None or response.status_code not in (302, 303) or not ours:
        return response
    more = {found.admin.proof_name: found.viewer.proof}
    if session.get("_flashes"):
        more[TOLD] = str(_telling().dumps([list(one) for one in session["_flashes"]]))
    response.headers["Location"] = _with(location, more)
    return response


class FrameSessions(SecureCookieSessionInterface):
    """No cookie is read or set inside the frame."""

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        if _seen() is None:
            return super().open_session(app, request)
        opened: SecureCookieSession = self.session_class()
        try:
            told = _telling().loads(request.args.get(TOLD, ""), max_age=TOLD_WITHIN)
        except BadSignature:
            return opened
        opened["_flashes"] = [tuple(one) for one in told]
        return opened

    def save_session(self, app: Flask, session: Any, response: Response) -> None:
        if _seen() is None and not is_inside_a_frame():
            super().save_session(app, session, response)


def _telling() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(_machine().config.secret_key, salt="kontor-told")


def _machine() -> Machine:
    return cast(Machine, current_app.extensions["kontor"])
