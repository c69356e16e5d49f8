"""A small application behind our own worker, in a hurry: for tests of how lines are served."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from web import serving

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

Worker = serving.Worker
serving.ASKED_WITHIN = 0.5


def app(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
    said = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    start_response("200 OK", [("Content-Length", str(len(said) + 5))])
    return [b"hello", said]
