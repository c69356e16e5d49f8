"""Which browser began to connect a store: a short, signed cookie says so."""

import hashlib
from datetime import timedelta

from flask import request
from itsdangerous import BadData, URLSafeTimedSerializer
from werkzeug.wrappers import Response

from web.pages import machine

COOKIE = "__Host-kontor-connecting"
LASTS = timedelta(minutes=45)


def remember(answer: Response, browser: str) -> None:
    value, lasts = _signer().dumps(browser), int(LASTS.total_seconds())
    answer.set_cookie(COOKIE, value, lasts, path="/", secure=True, httponly=True, samesite="Lax")


def forget(answer: Response) -> None:
    answer.delete_cookie(COOKIE, path="/", secure=True, httponly=True, samesite="Lax")


def browser() -> str | None:
    """What the browser that began was given, if it is ours and not too old."""
    try:
        value = _signer().loads(request.cookies.get(COOKIE, ""), max_age=int(LASTS.total_seconds()))
    except BadData:
        return None
    return value if isinstance(value, str) else None


def _signer() -> URLSafeTimedSerializer:
    options = {"key_derivation": "hmac", "digest_method": hashlib.sha256}
    return URLSafeTimedSerializer(
        machine().config.secret_key, salt="kontor.connecting", signer_kwargs=options
    )
