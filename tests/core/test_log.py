"""What is written about the work says which merchant's it was, and nothing about people."""

import json
import logging
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import structlog

from core import log
from core.config import read_config

Lines = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def lines(capsys: pytest.CaptureFixture[str]) -> Iterator[Lines]:
    """The lines written since the test began; logging is as it was afterwards."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    log.set_up(read_config({}))
    log.forget()
    yield lambda: [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    structlog.reset_defaults()
    log.forget()
    logging.captureWarnings(False)
    root.handlers[:], root.level = handlers, level


def test_a_line_says_whose_work_it_was(lines: Lines) -> None:
    with log.about(merchant=7, effect=12, job="act"):
        log.get("engine.effects").info("settled", state="done")
    (line,) = lines()
    assert line["event"] == "settled"
    assert (line["merchant"], line["effect"], line["job"], line["state"]) == (7, 12, "act", "done")
    assert (line["logger"], line["level"]) == ("engine.effects", "info")
    assert line["timestamp"].endswith("Z")


def test_the_next_piece_of_work_knows_nothing_of_the_last(lines: Lines) -> None:
    with log.about(merchant=7), log.about(effect=1):
        pass
    log.get("engine").info("idle")
    (line,) = lines()
    assert "merchant" not in line
    assert "effect" not in line


@pytest.mark.parametrize("library", ["huey", "huey.consumer", "gunicorn.error", "sqlalchemy.pool"])
def test_libraries_write_the_same_lines_once(lines: Lines, library: str) -> None:
    with log.about(merchant=7):
        logging.getLogger(library).warning("slow: %s after %d s", "anna@example.com", 3)
    (line,) = lines()
    assert line["event"] == "slow: [hidden] after 3 s"
    assert (line["logger"], line["merchant"]) == (library, 7)


def test_addresses_of_outgoing_calls_are_not_written(lines: Lines) -> None:
    logging.getLogger("httpx2").info("HTTP Request: GET https://shop.example/?x=1")
    assert lines() == []


def test_a_failure_is_written_with_its_traceback_and_without_the_address(lines: Lines) -> None:
    try:
        int("anna@example.com")
    except ValueError:
        log.get("engine").exception("failed")
    (line,) = lines()
    assert "ValueError: invalid literal" in line["exception"]
    assert "anna" not in line["exception"]
    assert "test_log.py" in line["exception"]


def test_warnings_are_lines_too(lines: Lines) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("default")
        logging.getLogger("py.warnings").warning("old: anna@example.com")
    assert lines()[0]["event"] == "old: [hidden]"


def test_a_setting_of_the_environment_says_how_much_is_written(lines: Lines) -> None:
    log.set_up(read_config({"LOG_LEVEL": "error"}))
    log.get("engine").info("unheard")
    log.get("engine").error("heard")
    assert [line["event"] for line in lines()] == ["heard"]


@pytest.mark.parametrize(
    "text",
    [
        "anna@example.com",
        "Anna.Müller+shop@mail.example.co.uk",
        "<anna@example.com>",
        "+49 151 23456789",
        "+49 (0)151 / 234 567-89",
        "0151 23456789",
        "+14155552671",
        "(030) 1234567",
        "shpat_0123456789abcdef0123456789abcdef",
        "ck_0123456789abcdef0123456789abcdef01234567",
        "cs_0123456789abcdef0123456789abcdef01234567",
        "Bearer abcdefghijkl",
        "Basic Y2tfMTIzOmNzXzQ1Ng==",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln",
    ],
)
def test_what_is_personal_or_secret_is_hidden(text: str) -> None:
    assert log.redacted(f"it was {text}, you see").replace("<[hidden]>", "[hidden]") in (
        "it was [hidden], you see",
        "it was [hidden] you see",
    )


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("postgres://kontor:pa55@db.example/kontor", "postgres://[hidden]@db.example/kontor"),
        (
            "GET /cb?code=abc123&hmac=ff00&shop=x.example",
            "GET /cb?code=[hidden]&hmac=[hidden]&shop=x.example",
        ),
        ("access_token=abc", "access_token=[hidden]"),
    ],
)
def test_an_address_keeps_what_is_no_secret(text: str, left: str) -> None:
    assert log.redacted(text) == left


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-21T10:00:00.000000+00:00",
        "2026-11-21 10:00:00",
        "gid://shopify/Order/5123456789012345678",
        "effect 004512345678901234567890",
        "0.123456789 s",
        "10.0.0.1:5432",
        "127.0.0.1",
        "kontor:7:cart_recovery:1",
        "sha 0f3e5a7b9c0d1e2f",
    ],
)
def test_what_is_neither_stays_readable(text: str) -> None:
    assert log.redacted(text) == text


def test_secrets_are_known_by_their_names(lines: Lines) -> None:
    log.get("web").info(
        "asked", access_token="x", headers={"Authorization": "y", "Host": "h"}, tried=[1, "a@b.c"]
    )
    (line,) = lines()
    assert line["access_token"] == "[hidden]"
    assert line["headers"] == {"Authorization": "[hidden]", "Host": "h"}
    assert line["tried"] == [1, "[hidden]"]
