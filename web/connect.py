"""Connecting a store: its address, its owner's approval there, her confirmation here."""

import time

from flask import Blueprint, Response, flash, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from core.errors import InDoubt, Retryable, Unreadable
from engine import attempts
from engine.attempts import Attempt
from integrations.self_hosted import Found, Problem, SelfHosted
from web import begun, connect_pages, proving, self_hosted
from web.i18n import gettext as _
from web.pages import machine
from web.signing_in import is_address

# Some stores call back only addresses of plain letters, figures, "/", "_" and "-".
bp = Blueprint("connect", __name__, url_prefix="/connect/<platform>")

LARGEST_CALLBACK = 16 * 1024


@bp.get("")
def start(platform: str) -> Response:
    return connect_pages.form(self_hosted.named(platform))


@bp.post("")
def begin(platform: str) -> AnyResponse:
    """Look for the store that was typed, and send its owner there to approve."""
    stores, email = self_hosted.named(platform), connect_pages.typed("email")
    typed = connect_pages.typed("address")
    if not connect_pages.by_https():
        return connect_pages.form(stores, 409)
    if not is_address(email):
        fault = _("This is no e-mail address. Type the one you read.")
        return connect_pages.form(stores, 422, email_fault=fault)
    domain = stores.domain(typed)
    if isinstance(domain, Problem):
        return connect_pages.form(stores, 422, domain)
    attempt = attempts.count(machine(), stores.key, domain, request.remote_addr or "")
    if attempt is None:
        return connect_pages.too_many(stores)
    found = stores.find(typed)
    if isinstance(found, Problem):
        return connect_pages.form(stores, 422, found)
    return _sent_to_store(stores, found, attempt, email)


def _sent_to_store(stores: SelfHosted, found: Found, attempt: int, email: str) -> AnyResponse:
    told = {**found.meta, "name": found.name}
    started = attempts.begin(machine(), attempt, found.domain, told, email, begun.browser())
    base = machine().config.app_url
    back = base + url_for(".back", platform=stores.key)
    callback = base + url_for(".take_keys", platform=stores.key)
    answer = redirect(stores.approval_url(found, state=started.state, back=back, callback=callback), 303)
    begun.remember(answer, started.browser)
    return answer


@bp.post("/keys")
def take_keys(platform: str) -> Response:
    """The store's server hands over its keys. Only exactly 200 lets them live,
    and nothing is believed yet: anybody can post here."""
    stores = self_hosted.named(platform)
    request.max_content_length = LARGEST_CALLBACK
    try:
        handed = stores.handed_over(request.get_data(cache=False))
    except Unreadable as error:
        return _plain(400, str(error))
    if not handed.may_write:
        return _plain(400, "these keys may not write")
    if not attempts.hand_over(machine(), stores.key, handed.state, handed.token):
        return _plain(404, "nobody waits for these keys")
    return _plain(200, "")


def _plain(status: int, text: str) -> Response:
    return Response(text, status, content_type="text/plain; charset=utf-8")


@bp.get("/back")
def back(platform: str) -> AnyResponse:
    """From the store: only the browser that began sees what it is about to connect."""
    stores, browser = self_hosted.named(platform), begun.browser()
    returned = stores.returned(request.args)
    came = attempts.came_with(machine(), returned.state, browser) if returned.state else "unknown"
    if came == "foreign":
        return connect_pages.begun_elsewhere(stores)
    attempt = attempts.of_browser(machine(), browser)
    if attempt is None:
        return connect_pages.nothing_waits(stores)
    if came == "own" and returned.declined:
        attempts.end(machine(), attempt.id)
        return connect_pages.declined(stores)
    return connect_pages.ask(attempt)


@bp.post("/confirm")
def confirm(platform: str) -> AnyResponse:
    """She says that it is her shop: now the keys must prove it."""
    attempt = _settled(begun.browser())
    if attempt is None or attempt.token is None:
        return connect_pages.nothing_waits(self_hosted.named(platform))
    stores = self_hosted.named(attempt.platform)
    try:
        proven = proving.prove(stores, attempt, attempt.token)
    except (Retryable, InDoubt):
        flash(_("The shop does not answer just now. Try again in a minute."), "error")
        return redirect(url_for(".back", platform=stores.key))
    if not attempts.end(machine(), attempt.id):
        return connect_pages.nothing_waits(stores)
    if isinstance(proven, Problem):
        return connect_pages.form(stores, 422, proven)
    return proving.connect(attempt, attempt.token, proven)


def _settled(browser: str | None) -> Attempt | None:
    """A moment is left for another browser to come back instead."""
    attempt = attempts.of_browser(machine(), browser)
    if attempt is not None and attempt.token is not None and attempt.settles_in:
        time.sleep(attempt.settles_in.total_seconds())
        return attempts.of_browser(machine(), browser)
    return attempt
