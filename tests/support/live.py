"""Kontor as a newcomer gets it: `python app.py run` on a free port, and a browser."""

import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.support.chromium import chromium_path
from tests.support.starting import free_port

ROOT = Path(__file__).parents[2]
STARTS_WITHIN = 60.0
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


@dataclass
class Live:
    """A running Kontor; `log` is what it wrote so far."""

    url: str
    process: subprocess.Popen[bytes]
    log: Path
    environment: dict[str, str]

    def command(self, *words: str) -> str:
        """What `python app.py ...` says beside it."""
        command = [sys.executable, str(ROOT / "app.py"), *words]
        told = subprocess.run(
            command, cwd=self.log.parent, env=self.environment, capture_output=True, text=True, check=True
        )
        return told.stdout

    def stop(self) -> int:
        """Ctrl-C, as one would; the exit status."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        return self.process.wait(60)


@pytest.fixture
def live(tmp_path: Path) -> Iterator[Live]:
    """Started with nothing but a place for its files."""
    started = start(tmp_path)
    yield started
    started.stop()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=chromium_path(), args=ARGUMENTS)
        yield opened
        opened.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A fresh browser window of an English-speaking visitor."""
    context = browser.new_context(locale="en-GB", viewport={"width": 1280, "height": 900})
    context.set_default_timeout(20_000)
    yield context.new_page()
    context.close()


def start(folder: Path, **settings: str) -> Live:
    """Start it with its files in `folder`; returns when it is healthy."""
    port = free_port()
    environment = {
        name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG", "VIRTUAL_ENV")
    } | {
        "KONTOR_ENV": "development",
        "PORT": str(port),
        "DATABASE_URL": f"sqlite:///{folder}/kontor.db",
        "QUEUE_FILE": str(folder / "queue.db"),
    }
    environment |= settings
    log = folder / "kontor.log"
    with log.open("wb") as written:
        process = subprocess.Popen(
            [sys.executable, str(ROOT / "app.py"), "run"],
            cwd=folder,
            env=environment,
            stdout=written,
            stderr=subprocess.STDOUT,
        )
    live = Live(f"http://localhost:{port}", process, log, environment)
    _wait_until_healthy(live)
    return live


def _wait_until_healthy(live: Live) -> None:
    ends = time.monotonic() + STARTS_WITHIN
    while time.monotonic() < ends and live.process.poll() is None:
        try:
            with urllib.request.urlopen(f"{live.url}/healthz", timeout=2) as answer:  # noqa: S310 - Our own app.
                if answer.status == 200:
                    return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.1)
    live.stop()
    raise AssertionError(f"Kontor did not start:\n{live.log.read_text()}")
