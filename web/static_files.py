"""Styles, scripts and pictures: sent once, and kept by the browser until they change.

Each address carries a mark of what it names, so whoever has it need not ask
again; text goes packed, which a phone's line is slow without.
"""

import gzip
import hashlib
from functools import lru_cache
from pathlib import Path
from typing import Any

from flask import Flask, Response, current_app, request

from web import own_pages

FOR_GOOD = "public, max-age=31536000, immutable"
# Whatever stands in other people's pages has no mark: for a day it is not asked for again, and for a month
# it is shown at once and renewed behind.
FOR_A_DAY = "public, max-age=86400, stale-while-revalidate=2592000"
# What is text; pictures are packed already.
PACKED = ("text/css", "text/javascript", "image/svg+xml")


def install(app: Flask) -> None:
    app.url_defaults(_mark)
    app.after_request(_send)


def _mark(endpoint: str, values: dict[str, Any]) -> None:
    if endpoint == "static" and "filename" in values:
        mark = mark_of(values["filename"])
        if mark:
            values.setdefault("v", mark)


def mark_of(name: str) -> str:
    """By what is in the file; empty where there is none."""
    path = Path(current_app.static_folder or "") / name
    return _digest(path, path.stat().st_mtime_ns) if path.is_file() else ""


@lru_cache(maxsize=100)
def _digest(path: Path, _changed: int) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:12]


def _send(response: Response) -> Response:
    """An older mark, still in somebody's tab, shows what is there now and keeps nothing."""
    if request.endpoint != "static" or response.status_code != 200:
        return response
    name = (request.view_args or {})["filename"]
    if request.args.get("v") == mark_of(name):
        response.headers["Cache-Control"] = FOR_GOOD
    elif name in own_pages.PASTED:
        response.headers["Cache-Control"] = FOR_A_DAY
    if response.mimetype in PACKED:
        _pack(response)
    return response


def _pack(response: Response) -> None:
    response.vary.add("Accept-Encoding")
    if not request.accept_encodings["gzip"] or request.range:
        return
    response.direct_passthrough = False
    response.set_data(_packed(response.get_data()))
    response.headers["Content-Encoding"] = "gzip"
    # The tag of what is not packed names other bytes.
    response.headers.pop("ETag", None)


@lru_cache(maxsize=50)
def _packed(plain: bytes) -> bytes:
    return gzip.compress(plain, mtime=0)
