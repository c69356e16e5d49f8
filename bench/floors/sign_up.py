"""The floor of signing up: Flask and one durable INSERT of what the form says."""

import os
import threading

from flask import Flask, request

from bench.floors.door import opened

URL = os.environ.get("FLOOR_DATABASE", "")
TABLE = "CREATE TABLE IF NOT EXISTS sign_ups (id {id} PRIMARY KEY, variant TEXT, email TEXT, locale TEXT)"

app = Flask(__name__)
kept = threading.local()


def prepare(url: str) -> None:
    """Make the one table."""
    kind = "INTEGER" if url.startswith("sqlite") else "BIGINT GENERATED ALWAYS AS IDENTITY"
    with opened(url) as connection:
        connection.execute(TABLE.format(id=kind))


@app.post("/sign-ups")
def receive() -> tuple[str, int]:
    if not hasattr(kept, "connection"):
        kept.connection = opened(URL)
    mark = "?" if URL.startswith("sqlite") else "%s"
    kept.connection.execute(
        f"INSERT INTO sign_ups (variant, email, locale) VALUES ({mark}, {mark}, {mark})",
        (request.form["variant"], request.form["email"], request.form["locale"]),
    )
    return "", 200
