"""What every answer carries, and the pages for what went wrong."""

import re
from io import BytesIO

import pytest
from flask import Flask
from werkzeug.exceptions import HTTPException, abort

from tests.web.browsing import Visitor
from tests.web.conftest import MakeApp


@pytest.mark.parametrize("path", ["/sandbox", "/no-such-page", "/static/app.css"])
def test_no_page_runs_scripts_or_lets_itself_be_framed(visitor: Visitor, path: str) -> None:
    with visitor.client.get(path) as answer:
        headers = answer.headers
    policy = headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'")
    assert "unsafe-inline" not in policy
    assert "script" not in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["X-Content-Type-Options"] == "nosniff"


def test_pages_are_kept_by_nobody_and_pictures_may_be_shown_in_mails(visitor: Visitor) -> None:
    assert visitor.client.get("/sandbox").headers["Cache-Control"] == "no-store"
    with visitor.client.get("/static/sandbox/mug.png") as picture:
        assert picture.headers["Cross-Origin-Resource-Policy"] == "cross-origin"


def test_only_an_encrypted_answer_demands_encryption(visitor: Visitor) -> None:
    name = "Strict-Transport-Security"
    assert name not in visitor.client.get("/sandbox").headers
    assert name in visitor.client.get("/sandbox", base_url="https://localhost").headers


def test_pages_have_no_inline_styles_and_fetch_nothing_from_elsewhere(visitor: Visitor) -> None:
    assert not re.search(r'\sstyle="|<script|<style', visitor.text)
    assert not re.search(r'(src|href)="(https?:)?//', visitor.text)


@pytest.mark.parametrize("code", [400, 401, 403, 404, 405, 413, 418, 500, 503])
def test_whatever_goes_wrong_has_a_page_that_says_what_to_do(make_app: MakeApp, code: int) -> None:
    app = make_app()
    app.add_url_rule("/broken", view_func=lambda: abort(code))
    answer = app.test_client().get("/broken", headers={"Accept": "text/html", "Accept-Language": "de"})
    assert answer.status_code == code
    assert "<h1>" in answer.text
    assert '<html lang="de">' in answer.text


def test_a_fault_of_ours_tells_no_details(make_app: MakeApp) -> None:
    def fail() -> str:
        raise ValueError("a secret detail")

    app = make_app()
    app.add_url_rule("/broken", view_func=fail)
    answer = app.test_client().get("/broken")
    assert answer.status_code == 500
    assert "secret" not in answer.text


@pytest.mark.parametrize(
    "path", ["/sign-in", "/connect/woocommerce", "/u/x", "/shops/x/activity", "/nowhere"]
)
def test_nobody_leaves_a_parcel_here(app: Flask, path: str) -> None:
    """What is not taken is not read: neither as a form nor as a file nor without telling its length."""
    client = app.test_client()
    for parcel in ({"email": "x" * 400_000}, {"file": (BytesIO(b"x" * 400_000), "parcel")}):
        answer = client.post(path, data=parcel)
        assert answer.status_code in (404, 405, 413)
        assert "<h1>" in answer.text


def test_who_wants_plain_text_gets_a_line(app: Flask) -> None:
    answer = app.test_client().get("/no-such-page", headers={"Accept": "text/plain"})
    assert answer.text == "404 There is nothing here\n"


def test_a_stale_form_is_explained(visitor: Visitor) -> None:
    answer = visitor.client.post("/sandbox/cart/add", data={"variant": "mug", "csrf_token": "stale"})
    assert answer.status_code == 400
    assert "This page was open for too long" in answer.text


@pytest.mark.parametrize("path", ["/shopify//x", "//shopify/x", "/sign-in//x", "/shops//x/activity"])
def test_nobody_is_led_to_the_host_that_a_request_names(app: Flask, path: str) -> None:
    """Neither is a proof in the address, by http."""
    answer = app.test_client().get(path, base_url="http://evil.example")
    assert "evil" not in answer.headers.get("Location", "") + answer.text


def test_redirects_stay_redirects(app: Flask) -> None:
    with app.test_request_context():
        error = HTTPException()
        error.code = 308
        assert app.handle_http_exception(error) is error
