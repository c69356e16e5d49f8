"""What the first issue promises when it is done: recorded webhooks, a running
Kontor, and a time line that says why nobody was written to."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest

from core.reasons import Reason, sentence
from tests.support.starting import free_port

ROOT = Path(__file__).parents[2]
PAYLOADS = ROOT / "tests" / "payloads"
CHECKOUT = PAYLOADS / "shopify" / "checkouts_create.json"
DRAFT = PAYLOADS / "woocommerce" / "order.updated__checkout_draft_email.json"
PAID = PAYLOADS / "woocommerce" / "order.updated__processing.json"
PATIENCE = 60.0


@dataclass
class Running:
    """Kontor as a newcomer runs it, on a port and with files of its own."""

    folder: Path
    port: int
    process: subprocess.Popen[bytes]

    @classmethod
    def start(cls, folder: Path) -> "Running":
        port = free_port()
        with (folder / "kontor.log").open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, str(ROOT / "app.py"), "run"],
                cwd=ROOT,
                env=cls.settings(folder, port),
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        return cls(folder, port, process)

    @staticmethod
    def settings(folder: Path, port: int) -> dict[str, str]:
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        return kept | {
            "KONTOR_ENV": "development",
            "PORT": str(port),
            "APP_URL": f"http://127.0.0.1:{port}",
            "DATABASE_URL": f"sqlite:///{folder}/kontor.db",
            "QUEUE_FILE": str(folder / "queue.db"),
        }

    def say(self, *arguments: str | Path) -> str:
        """Type a command; what it answers."""
        done = subprocess.run(
            [sys.executable, str(ROOT / "app.py"), *map(str, arguments)],
            cwd=ROOT,
            env=self.settings(self.folder, self.port),
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        assert done.returncode == 0, done.stderr + self.log()
        return done.stdout

    def is_up(self) -> bool:
        try:
            health = httpx2.get(f"http://127.0.0.1:{self.port}/healthz", trust_env=False, timeout=10)
        except httpx2.TransportError:
            return False
        return health.status_code == 200

    def opened(self, path: str) -> httpx2.Response:
        """What a fresh browser shows there."""
        with httpx2.Client(follow_redirects=True, trust_env=False, timeout=30) as browser:
            return browser.get(f"http://127.0.0.1:{self.port}{path}")

    def interrupt(self) -> int:
        """Ctrl-C, which reaches every process in the window; the exit status."""
        os.killpg(self.process.pid, signal.SIGINT)
        return self.process.wait(timeout=PATIENCE)

    def is_anybody_left(self) -> bool:
        try:
            os.killpg(self.process.pid, 0)
        except ProcessLookupError:
            return False
        return True

    def log(self) -> str:
        return (self.folder / "kontor.log").read_text(errors="replace")


@dataclass
class Shopkeeper:
    """One merchant, and the time line as her browser shows it."""

    kontor: Running
    key: str

    @classmethod
    def of(cls, kontor: Running, *options: str) -> "Shopkeeper":
        told = dict(line.split(maxsplit=1) for line in kontor.say("merchant-add", *options).splitlines())
        return cls(kontor, told["merchant"])

    def gets(self, file: Path, *options: str) -> None:
        """A recorded webhook arrives at her door."""
        told = self.kontor.say("replay", file, "--merchant", self.key, *options)
        assert "the door answered 200" in told

    def cards(self) -> list[str]:
        """What stands on the time line, newest first; words only."""
        page = self.kontor.opened(f"/dev/sign-in/{self.key}?lang=en")
        assert page.status_code == 200
        line_up = re.search(r'<div class="line-up">(.*?)</main>', page.text, re.DOTALL)
        cards = re.split(r"<article", line_up[1])[1:] if line_up else []
        return [" ".join(re.sub(r"<[^>]+>", " ", card.partition(">")[2]).split()) for card in cards]

    def sees(self, words: str) -> str:
        """The newest card, once it says so."""
        wait_until(lambda: any(words in card for card in self.cards()), self.kontor)
        return next(card for card in self.cards() if words in card)


def said(reason: Reason) -> str:
    return sentence(reason, "en")


def wait_until(is_so: Callable[[], bool], kontor: Running) -> None:
    end = time.monotonic() + PATIENCE
    while not is_so():
        assert kontor.process.poll() is None, kontor.log()
        assert time.monotonic() < end, kontor.log()
        time.sleep(0.1)


@pytest.fixture
def kontor(tmp_path: Path) -> Iterator[Running]:
    running = Running.start(tmp_path)
    try:
        wait_until(running.is_up, running)
        yield running
    finally:
        if running.is_anybody_left():
            os.killpg(running.process.pid, signal.SIGKILL)
        running.process.wait(timeout=PATIENCE)


@pytest.mark.timeout(300)
def test_recorded_webhooks_write_to_nobody_and_edited_ones_enrol(kontor: Running) -> None:
    beans = Shopkeeper.of(kontor, "shopify", "--live")
    beans.gets(CHECKOUT, "--sign")
    why_not = beans.sees("Nothing planned")
    assert said(Reason.NO_CONSENT) in why_not
    assert said(Reason.TOO_OLD) in why_not or said(Reason.BEFORE_LIVE) in why_not

    mugs = Shopkeeper.of(kontor, "woocommerce", "--live", "--policy", "existing_customers")
    mugs.gets(DRAFT, "--sign")
    why_not = mugs.sees("Nothing planned")
    assert said(Reason.NO_CONSENT) in why_not
    assert said(Reason.TOO_OLD) in why_not or said(Reason.BEFORE_LIVE) in why_not

    beans.gets(CHECKOUT, "--set", "buyer_accepts_marketing=true", "--sign")
    assert "Reminder " in beans.sees("Reminders planned")

    mugs.gets(PAID, "--set", "billing.email=eve@example.test", "--sign")
    mugs.gets(DRAFT, "--set", "billing.email=eve@example.test", "--sign")
    assert "Reminder " in mugs.sees("Reminders planned")

    assert kontor.interrupt() == 0
    assert not kontor.is_anybody_left()
