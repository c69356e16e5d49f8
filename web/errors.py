"""Pages for what went wrong: what happened, and what one can do about it."""

from flask import Flask, render_template, request
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException

from web.i18n import gettext as _


def install(app: Flask) -> None:
    app.register_error_handler(CSRFError, _stale_form)
    app.register_error_handler(HTTPException, _refused)
    app.register_error_handler(500, _broken)


def _stale_form(error: CSRFError) -> tuple[str, int]:
    return _page(
        400,
        _("This page was open for too long"),
        _("For your safety its buttons have expired. Go back, reload the page and try again."),
    )


def _refused(error: HTTPException) -> tuple[str, int] | HTTPException:
    """Redirects and the like are no failures and stay what they are."""
    code = error.code or 500
    if code < 400:
        return error
    return _page(code, *_words(code))


def _broken(error: Exception) -> tuple[str, int]:
    return _page(500, *_words(500))


def _words(code: int) -> tuple[str, str]:
    known = {
        400: (
            _("That did not come through right"),
            _("Something in the request was missing or malformed. Go back and try again."),
        ),
        401: (_("Please sign in"), _("This page belongs to a shop. Open Kontor from your shop to sign in.")),
        403: (_("This is not yours to see"), _("You are signed in, but not for this shop.")),
        404: (_("There is nothing here"), _("The address is mistyped, or what was here is gone.")),
        405: (
            _("This page can't be opened directly"),
            _("It belongs to a button. Go back and press the button there."),
        ),
        413: (_("That was too large"), _("Kontor takes at most a few megabytes at once.")),
        429: (_("Too many attempts"), _("Wait an hour, then try again.")),
        503: (
            _("Your shop can't be reached just now"),
            _("Kontor could not be connected with your shop. Nothing is lost; try again in a minute."),
        ),
    }
    broken = (
        _("That was our fault"),
        _(
            "Something broke on our side and has been written down. Nothing waiting was lost. "
            "Try again in a moment."
        ),
    )
    return known.get(code, broken if code >= 500 else known[400])


def _page(code: int, title: str, advice: str) -> tuple[str, int]:
    """Whoever asked for no HTML gets a plain line."""
    if request.accept_mimetypes.best_match(["text/html", "text/plain"]) == "text/plain":
        return f"{code} {title}\n", code
    return render_template("errors/error.html", code=code, title=title, advice=advice), code
