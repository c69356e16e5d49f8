"""The floor of the door: Flask, HMAC over the raw body, one durable INSERT."""

import base64
import hashlib
import hmac
import os
import sqlite3
import threading
from typing import Any

import psycopg
from flask import Flask, request

SECRET = os.environ.get("FLOOR_SECRET", "").encode()
URL = os.environ.get("FLOOR_DATABASE", "")
TABLE = "CREATE TABLE IF NOT EXISTS inbound (id {id} PRIMARY KEY, shop TEXT, topic TEXT, body {bytes})"

app = Flask(__name__)
kept = threading.local()


def prepare(url: str) -> None:
    """Make the one table."""
    with opened(url) as connection:
        is_file = url.startswith("sqlite")
        kinds = ("INTEGER", "BLOB") if is_file else ("BIGINT GENERATED ALWAYS AS IDENTITY", "BYTEA")
        connection.execute(TABLE.format(id=kinds[0], bytes=kinds[1]))


def opened(url: str) -> Any:
    """A connection on which each statement is its own durable transaction."""
    if not url.startswith("sqlite"):
        return psycopg.connect(url, autocommit=True)
    connection = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None, timeout=30)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    return connection


@app.post("/webhooks")
def receive() -> tuple[str, int]:
    body = request.get_data()
    signed = base64.b64encode(hmac.digest(SECRET, body, hashlib.sha256)).decode()
    if not hmac.compare_digest(signed, request.headers.get("X-Shopify-Hmac-Sha256", "")):
        return "", 401
    if not hasattr(kept, "connection"):
        kept.connection = opened(URL)
    mark = "?" if URL.startswith("sqlite") else "%s"
    kept.connection.execute(
        f"INSERT INTO inbound (shop, topic, body) VALUES ({mark}, {mark}, {mark})",
        (request.headers["X-Shopify-Shop-Domain"], request.headers["X-Shopify-Topic"], body),
    )
    return "", 200
