"""Where the operator's mail server posts what could not be delivered."""

import hmac

import structlog
from flask import Blueprint, Response, abort, request
from werkzeug.exceptions import RequestEntityTooLarge

from engine import bounces
from web.pages import machine

bp = Blueprint("bounces", __name__)
log = structlog.get_logger()

# A returned message may carry the whole of ours.
LARGEST = 512 * 1024


@bp.post("/mail/bounces/<secret>")
def take(secret: str) -> Response:
    """Raw mail, as it arrived (message/rfc822). 200 says that it was read and
    need not come again, whatever it was; 404 is for who does not know the address."""
    known = machine().config.bounce_secret
    if known is None or not hmac.compare_digest(known.encode(), secret.encode()):
        abort(404)
    verdict = bounces.hear(machine(), _raw())
    if verdict != "kept":
        log.info("returned_mail", verdict=verdict)
    return Response(f"{verdict}\n", content_type="text/plain; charset=utf-8")


def _raw() -> bytes:
    request.max_content_length = LARGEST
    try:
        return request.get_data(cache=False)
    except RequestEntityTooLarge:
        abort(413)
