"""Connecting a WooCommerce store: its address, its owner's approval, her confirmation here."""

import hashlib
import secrets
import time
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, cast

from flask import (
    Blueprint,
    Response,
    current_app,
    flash,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from itsdangerous import BadData, URLSafeTimedSerializer
from werkzeug.wrappers import Response as AnyResponse

from core.errors import InDoubt, NeedsMerchant, Permanent, Retryable, Unreadable
from core.http import HttpClient
from engine import attempts, colleagues, connecting, disconnecting, sign_in
from engine.attempts import Attempt
from engine.connecting import Whom
from integrations.late import LateModule
from integrations.live import Profile, Tokens
from integrations.roles import Access, ShopIdentity
from integrations.woocommerce.problems import BY_WORD, Problem, problem
from integrations.woocommerce.shop import WOOCOMMERCE
from web import session
from web.headers import PAGE_POLICY
from web.i18n import gettext as _
from web.i18n import locale
from web.pages import machine
from web.signing_in import is_address

# Only who connects a store needs what calls one.
if TYPE_CHECKING:
    from integrations.woocommerce import api, keys, owners, probe
    from integrations.woocommerce import profile as shop_profile
else:
    api = LateModule("integrations.woocommerce.api")
    keys = LateModule("integrations.woocommerce.keys")
    owners = LateModule("integrations.woocommerce.owners")
    probe = LateModule("integrations.woocommerce.probe")
    shop_profile = LateModule("integrations.woocommerce.profile")

bp = Blueprint("connect", __name__, url_prefix="/connect/woocommerce")

COOKIE = "__Host-kontor-connecting"
COOKIE_LASTS = timedelta(minutes=45)
LARGEST_CALLBACK = 16 * 1024
# The form leads on to her own store; a browser asks this of every step on the way.
LEADS_ON = PAGE_POLICY.replace("form-action 'self'", "form-action 'self' https:")


@dataclass(frozen=True, slots=True)
class Proven:
    """What the store said with the keys it handed over."""

    profile: Profile
    meta: dict[str, str]
    is_owners: bool


@bp.get("")
def start() -> Response:
    return _form()


@bp.post("")
def begin() -> AnyResponse:
    """Look for the store that was typed, and send its owner there to approve."""
    typed, email = _field("address"), _field("email")
    if not _by_https():
        return _form(409)
    if not is_address(email):
        return _form(422, email_fault=_("This is no e-mail address. Type the one you read."))
    address = probe.normalised(typed)
    if isinstance(address, Problem):
        return _form(422, met=address)
    attempt = attempts.count(machine(), WOOCOMMERCE.key, address, request.remote_addr or "")
    if attempt is None:
        return _told(429, _("Too many attempts"), _("Wait an hour, then try again."))
    found = probe.probe(_client(), typed)
    if isinstance(found, Problem):
        return _form(422, met=found)
    told = {"name": found.name, "entry": found.entry}
    begun = attempts.begin(machine(), attempt, found.domain, told, email, _browser())
    return _sent_to_store(found, begun)


@bp.post("/keys")
def take_keys() -> Response:
    """The store's server hands over its keys. Only exactly 200 lets them live,
    and nothing is believed yet: anybody can post here."""
    request.max_content_length = LARGEST_CALLBACK
    try:
        handed = keys.read_callback(request.get_data(cache=False))
    except Unreadable as error:
        return _plain(400, str(error))
    if not handed.may_write:
        return _plain(400, "these keys may not write")
    if not attempts.hand_over(machine(), WOOCOMMERCE.key, handed.state, handed.token):
        return _plain(404, "nobody waits for these keys")
    return _plain(200, "")


@bp.get("/back")
def back() -> AnyResponse:
    """From the store: only the browser that began sees what it is about to connect."""
    browser, state = _browser(), request.args.get("user_id", "")
    came = attempts.came_with(machine(), state, browser) if state else "unknown"
    if came == "foreign":
        return _told(403, _("This was begun in another browser"), _foreign())
    attempt = attempts.of_browser(machine(), browser)
    if attempt is None:
        return _nothing_waits()
    if came == "own" and request.args.get("success") == "0":
        attempts.end(machine(), attempt.id)
        return _told(200, _("Not connected"), _("You declined in your shop, so nothing was changed."))
    return _ask(attempt)


@bp.post("/confirm")
def confirm() -> AnyResponse:
    """She says that it is her shop: now the keys must prove it."""
    attempt = _settled(_browser())
    if attempt is None or attempt.token is None:
        return _nothing_waits()
    try:
        proven = _prove(attempt, attempt.token)
    except (Retryable, InDoubt):
        flash(_("The shop does not answer just now. Try again in a minute."), "error")
        return redirect(url_for(".back"))
    if not attempts.end(machine(), attempt.id):
        return _nothing_waits()
    return _form(422, met=proven) if isinstance(proven, Problem) else _connect(attempt, proven)


def _settled(browser: str | None) -> Attempt | None:
    """A moment is left for another browser to come back instead."""
    attempt = attempts.of_browser(machine(), browser)
    if attempt is not None and attempt.token is not None and attempt.settles_in:
        time.sleep(attempt.settles_in.total_seconds())
        return attempts.of_browser(machine(), browser)
    return attempt


def _connect(attempt: Attempt, proven: Proven) -> AnyResponse:
    email, user = attempt.email, sign_in.address_print(machine(), attempt.email)
    merchant_id = connecting.connect(
        machine(),
        attempt.platform,
        proven.profile,
        Tokens(attempt.token or ""),
        Whom(user, colleagues.name_of(email), email if proven.is_owners else None),
        address=secrets.token_hex(16),
        meta=proven.meta,
    )
    member = sign_in.member_of(machine(), merchant_id, user)
    if member.email is None:
        _ask_for_address(merchant_id, member.id, email)
    flash(_("Your shop is connected."))
    answer = redirect(url_for("overview.page", key=member.key))
    answer.delete_cookie(COOKIE, path="/", secure=True, httponly=True, samesite="Lax")
    return session.begin(answer, merchant_id, member.id)


def _ask_for_address(merchant_id: int, member_id: int, email: str) -> None:
    if sign_in.send_confirmation(machine(), merchant_id, member_id, email):
        flash(_("A mail is on its way to %(email)s: follow its link to sign in from elsewhere.", email=email))
    else:
        flash(_("The mail to %(email)s could not be sent. Ask for it again below.", email=email), "error")


def words_for(word: str) -> str:
    """The sentence for why a store can't be called; "" where there is none."""
    return _sentence(BY_WORD[word]) if word in BY_WORD else ""


def _sentence(met: Problem) -> str:
    return met.german if locale() == "de" else met.english


def _prove(attempt: Attempt, token: str) -> Proven | Problem:
    """Calls to that very store; whatever webhooks it had of ours are made anew later."""
    entry = attempt.found.get("entry", "")
    meta = keys.proven(_client(), attempt.domain, token, entry)
    if isinstance(meta, Problem):
        return meta
    access = Access(0, ShopIdentity(attempt.domain, None, "EUR"), token, meta)
    live = machine().connected[attempt.platform]
    try:
        profile = live.profile(access)
        if shop_profile.is_too_old(profile.meta.get("version", "")):
            return problem("too_old")
        former = disconnecting.former_webhooks(machine(), attempt.platform, attempt.domain)
        if former is not None:
            live.drop_hooks(access, former)
        is_owners = owners.is_owners_address(api.StoreApi.of(_client(), access), attempt.email)
    except NeedsMerchant as error:
        return problem(str(error) if str(error) in BY_WORD else "keys_refused")
    except Permanent:
        return problem("unreachable", f"https://{attempt.domain}")
    return Proven(profile, meta, is_owners)


def _sent_to_store(found: "probe.Found", begun: attempts.Begun) -> AnyResponse:
    base = machine().config.app_url
    url = keys.authorize_url(
        found.domain,
        app_name="Kontor",
        state=begun.state,
        return_url=base + url_for(".back"),
        callback_url=base + url_for(".take_keys"),
        entry=found.entry,
    )
    answer = redirect(url, 303)
    value, lasts = _signer().dumps(begun.browser), int(COOKIE_LASTS.total_seconds())
    answer.set_cookie(COOKIE, value, lasts, path="/", secure=True, httponly=True, samesite="Lax")
    return answer


def _browser() -> str | None:
    """What the browser that began was given, if it is ours and not too old."""
    try:
        value = _signer().loads(request.cookies.get(COOKIE, ""), max_age=int(COOKIE_LASTS.total_seconds()))
    except BadData:
        return None
    return value if isinstance(value, str) else None


def _signer() -> URLSafeTimedSerializer:
    options = {"key_derivation": "hmac", "digest_method": hashlib.sha256}
    return URLSafeTimedSerializer(
        machine().config.secret_key, salt="kontor.connecting", signer_kwargs=options
    )


def _form(status: int = 200, met: Problem | None = None, email_fault: str = "") -> Response:
    page = render_template(
        "connect/start.html",
        fault=_sentence(met) if met else "",
        email_fault=email_fault,
        address=_field("address"),
        email=_field("email"),
        by_https=_by_https(),
    )
    answer = make_response(page, status)
    answer.headers["Content-Security-Policy"] = LEADS_ON
    return answer


def _ask(attempt: Attempt) -> Response:
    return make_response(render_template("connect/confirm.html", attempt=attempt))


def _told(status: int, title: str, advice: str) -> Response:
    return make_response(render_template("connect/told.html", title=title, advice=advice), status)


def _nothing_waits() -> Response:
    advice = _(
        "Nothing waits to be connected in this browser: it took too long, or it is done already. "
        "Begin again with your shop's address."
    )
    return _told(410, _("There is nothing to confirm"), advice)


def _foreign() -> str:
    return _(
        "For your safety nothing was connected. If it was you, begin again in this browser. "
        "If somebody sent you here, remove the new key in your shop: "
        "WooCommerce → Settings → Advanced → REST API."
    )


def _plain(status: int, text: str) -> Response:
    return Response(text, status, content_type="text/plain; charset=utf-8")


def _field(name: str) -> str:
    return request.form.get(name, "").strip()


def _by_https() -> bool:
    return machine().config.app_url.startswith("https://")


def _client() -> HttpClient:
    """One for the process: stores are called before anything is known of them."""
    kept = current_app.extensions
    if "kontor.stores" not in kept:
        kept["kontor.stores"] = HttpClient.of(machine().config)
    return cast(HttpClient, kept["kontor.stores"])
