"""The pages that are open to all: what Kontor is, who runs it, and what becomes of data."""

from flask import Blueprint, redirect, render_template, url_for
from werkzeug.wrappers import Response

from engine import data_list
from web import frame, self_hosted
from web.i18n import locale
from web.pages import machine

bp = Blueprint("public", __name__)

# The words of the agreement have a date of their own: what is agreed on must be nameable.
AGREEMENT_OF = "2026-11-27"

# What the front page shows as an example.
SPECIMEN = {"carts": (4890, 1450), "currency": "EUR", "bought": "bought", "no_consent": "no_consent"}


@bp.get("/")
def home() -> Response | str:
    """In development one is in the sandbox at once."""
    if machine().config.sandbox_shown and not machine().config.production:
        return redirect(url_for("sandbox.page"))
    # A store of one's own is connected from here, whether or not its admin shows us afterwards.
    admins = [one for one in frame.admins().values() if one.key not in self_hosted.platforms()]
    return render_template(
        "public/home.html",
        admins=[(admin.title, admin.listing) for admin in admins],
        stores=list(self_hosted.platforms().values()),
        specimen=SPECIMEN,
    )


@bp.get("/privacy")
def privacy() -> str:
    kept = list(data_list.said(locale(), "shopper", "member", "shop", "visitor"))
    # Those whose scripts our pages load.
    return _page("privacy", kept=kept, admins=[one.title for one in frame.admins().values() if one.scripts])


@bp.get("/support")
def support() -> str:
    return _page("support")


@bp.get("/imprint")
def imprint() -> str:
    return _page("imprint")


@bp.get("/data-processing")
def data_processing() -> str:
    return _page("data_processing", kept=list(data_list.said(locale(), "shopper", "member")), of=AGREEMENT_OF)


def _page(name: str, **told: object) -> str:
    """Written whole in each language: a page of law is no list of phrases."""
    return render_template(f"public/{name}.{locale()}.html", operator=machine().config, **told)
