"""What shoppers reach from a mail: stop these mails, or go to the cart.

The signed token is the whole authority: no login, no cookie, no form guard.
Looking at a page changes nothing; mail gateways look at everything.
"""

from typing import cast

from flask import Blueprint, Response, current_app, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from core import clock
from engine import clicks, links
from engine.consent import opt_out
from engine.machine import Machine
from engine.recipients import recipient

shopper = Blueprint("shopper", __name__)

HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex, nofollow",
}


@shopper.get("/u/<token>")
def unsubscribe_page(token: str) -> tuple[str, int]:
    """Ask first: whoever only looks keeps getting mail."""
    asked = links.open_unsubscribe(_machine().config, token)
    whose = recipient(_machine(), asked) if asked else None
    if asked is None or whose is None:
        return _gone()
    if request.method == "GET":
        clicks.looked_at(_machine(), asked)
    return _page("unsubscribe", shop=whose.shop, masked=whose.masked), 200


@shopper.post("/u/<token>")
def unsubscribe(token: str) -> tuple[str, int]:
    """Stop at once, by the button here or by the mail program's (RFC 8058)."""
    asked = links.open_unsubscribe(_machine().config, token)
    whose = recipient(_machine(), asked) if asked else None
    if asked is None or whose is None:
        return _gone()
    one_click = request.form.get("List-Unsubscribe") == "One-Click"
    source = "one_click" if one_click else "unsubscribe_page"
    at, effect = clock.now(whose.merchant), asked.effect_id
    opt_out(_machine(), asked.merchant_id, asked.address_id, source, at, effect)
    return _page("unsubscribed", shop=whose.shop, masked=whose.masked), 200


@shopper.get("/c/<token>")
def follow(token: str) -> AnyResponse | tuple[str, int]:
    """Lead on to where our own row says; the address of the link says nothing."""
    clicked = links.open_click(_machine().config, token)
    visit = clicks.Visit(request.method, {name.lower(): value for name, value in request.headers.items()})
    target = clicks.record(_machine(), clicked, visit) if clicked else None
    return _gone() if target is None else redirect(target, 302)


@shopper.get("/example/<any(cart, unsubscribe):what>")
def example(what: str) -> str:
    """Where the links of previews and tests lead: nothing happens."""
    return _page("example", what=what)


@shopper.after_request
def _add_headers(response: Response) -> Response:
    response.headers.update(HEADERS)
    return response


def _gone() -> tuple[str, int]:
    return _page("gone"), 404


def _page(name: str, **told: str) -> str:
    """In the language the visitor's browser asks for; a choice would need a cookie."""
    german = request.accept_languages.best_match(("en", "de")) == "de"
    return render_template(f"shopper/{name}.html", german=german, **told)


def _machine() -> Machine:
    return cast(Machine, current_app.extensions["kontor"])
