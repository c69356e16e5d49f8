"""Signing in with a link by mail, and out again."""

import re

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from engine import sign_in
from web import session
from web.pages import machine

bp = Blueprint("signing_in", __name__)

ADDRESS = re.compile(r"[^@\s\0]+@[^@\s\0]+\.[^@\s.\0]+")
LONGEST_ADDRESS = 254


def is_address(email: str) -> bool:
    return len(email) <= LONGEST_ADDRESS and ADDRESS.fullmatch(email) is not None


@bp.get("/sign-in")
def ask() -> str:
    return render_template("signing_in/ask.html", asked=False)


@bp.post("/sign-in")
def send() -> str:
    """The answer is always the same: who is a member here is nobody's business."""
    email = request.form.get("email", "").strip()
    if is_address(email):
        sign_in.want_link(machine(), email)
    return render_template("signing_in/ask.html", asked=True)


@bp.get("/sign-in/<token>")
def look(token: str) -> Response:
    """Whoever only looks, as mail gateways do, uses nothing up."""
    link = sign_in.look(machine(), token)
    return _gone() if link is None else make_response(render_template("signing_in/link.html", link=link))


@bp.post("/sign-in/<token>")
def use(token: str) -> AnyResponse:
    who = sign_in.use(machine(), token)
    if who is None:
        return _gone()
    if not sign_in.signs_in(machine(), who[0]):
        return make_response(render_template("signing_in/confirmed.html"))
    answer = redirect(url_for("overview.page", key=sign_in.key_of(machine(), who[0])), 303)
    return session.begin(answer, *who)


@bp.post("/sign-out")
def leave() -> AnyResponse:
    return session.end(redirect(url_for(".ask"), 303))


def _gone() -> Response:
    return make_response(render_template("signing_in/gone.html"), 410)
