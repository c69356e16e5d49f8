"""What whoever connects a store is shown on the way."""

from flask import Response, make_response, render_template, request

from engine.attempts import Attempt
from integrations.self_hosted import Problem, SelfHosted
from web import self_hosted
from web.headers import PAGE_POLICY
from web.i18n import gettext as _
from web.pages import machine

# The form leads on to her own store; a browser asks this of every step on the way.
LEADS_ON = PAGE_POLICY.replace("form-action 'self'", "form-action 'self' https:")


def form(
    platform: SelfHosted,
    status: int = 200,
    met: Problem | None = None,
    email_fault: str = "",
    of: Attempt | None = None,
) -> Response:
    """With what was typed now or when the attempt began, and what is wrong with it."""
    page = render_template(
        "connect/start.html",
        platform=platform,
        fault=self_hosted.sentence(met) if met else "",
        email_fault=email_fault,
        address=f"https://{of.domain}" if of else typed("address"),
        email=of.email if of else typed("email"),
        by_https=by_https(),
    )
    answer = make_response(page, status)
    answer.headers["Content-Security-Policy"] = LEADS_ON
    return answer


def typed(name: str) -> str:
    """What she typed; before that, what whoever sent her here has filled in for her to see."""
    given = request.form if request.method == "POST" else request.args
    return given.get(name, "").strip()[:500]


def by_https() -> bool:
    """A store hands its keys over by HTTPS only."""
    return machine().config.app_url.startswith("https://")


def ask(attempt: Attempt) -> Response:
    return make_response(render_template("connect/confirm.html", attempt=attempt))


def too_many(platform: SelfHosted) -> Response:
    return _told(platform, 429, _("Too many attempts"), _("Wait an hour, then try again."))


def declined(platform: SelfHosted) -> Response:
    advice = _("You declined in your shop, so nothing was changed.")
    return _told(platform, 200, _("Not connected"), advice)


def nothing_waits(platform: SelfHosted) -> Response:
    advice = _(
        "Nothing waits to be connected in this browser: it took too long, or it is done already. "
        "Begin again with your shop's address."
    )
    return _told(platform, 410, _("There is nothing to confirm"), advice)


def begun_elsewhere(platform: SelfHosted) -> Response:
    advice = _(
        "For your safety nothing was connected. If it was you, begin again in this browser. "
        "If somebody sent you here, remove the new key in your shop: %(place)s.",
        place=self_hosted.keys_at(platform),
    )
    return _told(platform, 403, _("This was begun in another browser"), advice)


def _told(platform: SelfHosted, status: int, title: str, advice: str) -> Response:
    page = render_template("connect/told.html", platform=platform, title=title, advice=advice, status=status)
    return make_response(page, status)
