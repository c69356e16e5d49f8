"""Whoever is slow, says nothing or does not hang up keeps nobody else from being served."""

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from http.client import HTTPConnection
from pathlib import Path

import pytest

from tests.support.starting import free_port, wait_until
from web import serving
from web.serving import Line

ROOT = Path(__file__).parents[2]
HEAD = b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\n"


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """A process of two threads, which are soon all taken."""
    found, log = free_port(), tmp_path_factory.mktemp("serving") / "log"
    command = [sys.executable, "-m", "gunicorn", "-k", "tests.support.hello.Worker", "--threads", "2"]
    command += ["--no-control-socket", "--bind", f"127.0.0.1:{found}", "tests.support.hello:app"]
    with log.open("w") as written:
        process = subprocess.Popen(command, cwd=ROOT, stdout=written, stderr=written)
    try:
        wait_until(lambda: answers(found), log)
        yield found
    finally:
        process.terminate()
        process.wait(20)


def answers(port: int) -> bool:
    try:
        return served(port) is not None
    except OSError:
        return False


def served(port: int) -> float:
    """After how long somebody is served."""
    began, line = time.monotonic(), HTTPConnection("127.0.0.1", port, timeout=20)
    line.request("POST", "/", b"anna")
    assert line.getresponse().read() == b"helloanna"
    line.close()
    return time.monotonic() - began


@pytest.mark.parametrize(
    "said",
    [b"", HEAD, HEAD + b"\r\nan", HEAD + b"Connection: close\r\n\r\nanna"],
    ids=["nothing", "half a head", "half a body", "everything, and does not hang up"],
)
def test_ten_lines_that_come_to_no_end_hold_up_nobody_for_long(port: int, said: bytes) -> None:
    with ExitStack() as lines:
        for _ in range(10):
            line = lines.enter_context(socket.create_connection(("127.0.0.1", port)))
            line.sendall(said)
        assert served(port) < 8
        assert served(port) < 8


def test_drop_by_drop_is_no_way_to_hold_a_thread(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port)) as line:
        line.sendall(HEAD.replace(b"4", b"4000") + b"\r\n")
        until = time.monotonic() + 20
        line.setblocking(False)
        while time.monotonic() < until:
            time.sleep(0.1)
            try:
                line.send(b"a")
                if line.recv(4096) is not None:
                    return
            except BlockingIOError:
                continue
            except ConnectionError:
                return
    pytest.fail("this line is held still")


def test_an_answer_nobody_takes_off_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving, "TAKEN_WITHIN", 0.1)
    ours, theirs = socket.socketpair()
    with Line.of(ours) as line, theirs, pytest.raises(ConnectionResetError):
        line.sendall(b"x" * 10_000_000)


def test_every_way_to_start_kontor_serves_like_this() -> None:
    for file in ("Procfile", "web/commands.py"):
        assert "web.serving.Worker" in (ROOT / file).read_text()
