"""Kontor as a newcomer runs it with a fake shop connected: three commands, and what the shop's owner does."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
from sqlalchemy import select

import app
from core.config import Config, read_config
from core.db import reading
from core.http import HttpClient, authorities
from core.models.tables import merchants
from engine.machine import Machine
from tests.fakes.smtp import FakeMailServer
from tests.journeys.test_done_when import PATIENCE, ROOT, Running, Shopkeeper, wait_until
from tests.support.starting import free_port

ENVIRONMENT = "fakes.env"


class WithFakes(Running):
    """`app.py run` with the settings that `app.py fake-settings` told."""

    @staticmethod
    def settings(folder: Path, port: int) -> dict[str, str]:
        lines = (folder / ENVIRONMENT).read_text().splitlines()
        told = dict(line.split("=", 1) for line in lines if not line.startswith("#"))
        return Running.settings(folder, port) | told

    def opened(self, path: str) -> httpx2.Response:
        """By the TLS front, for its cookies are for that alone."""
        trusted = authorities(self.config.extra_ca_file)
        with httpx2.Client(verify=trusted, follow_redirects=True, trust_env=False, timeout=30) as browser:
            return browser.get(f"{self.config.app_url}{path}")

    @property
    def config(self) -> Config:
        return read_config(self.settings(self.folder, self.port))


@dataclass
class Connection:
    """A merchant whose fake shop is connected and up."""

    kontor: WithFakes
    mail: FakeMailServer
    keeper: Shopkeeper
    told: dict[str, str]
    _client: HttpClient = field(init=False)

    def __post_init__(self) -> None:
        self._client = HttpClient.of(self.kontor.config)

    @property
    def machine(self) -> Machine:
        return app.build(self.kontor.config)[0]

    def merchant_id(self, machine: Machine) -> int:
        with reading(machine.db) as session:
            mine = select(merchants.c.id).where(merchants.c.key == self.keeper.key)
            return int(session.execute(mine).scalar_one())

    def in_the_shop(self, action: str, **told: Any) -> Any:
        """Something happens in the shop."""
        reply = self._client.send("POST", f"{self._shop}/__fake__/{action}", json=told)
        return reply.json()

    def state(self) -> Any:
        return self._client.send("GET", f"{self._shop}/__fake__/state").json()

    @property
    def _shop(self) -> str:
        return self.told["shop"].partition(" ")[0]

    def forward(self, span: str) -> None:
        assert "it is now" in self.kontor.say("forward", span, "--merchant", self.keeper.key)

    @property
    def mails(self) -> int:
        return len(self.mail.accepted)

    def close(self) -> None:
        self._client.close()


@contextmanager
def connected(folder: Path, platform: str, *options: str) -> Iterator[Connection]:
    """A fresh Kontor, a real mail server, and `connect-fake` in a window of its own."""
    with FakeMailServer() as mail:
        _prepare(folder, mail)
        kontor = WithFakes.start(folder)
        assert isinstance(kontor, WithFakes)
        try:
            wait_until(kontor.is_up, kontor)
            with _window(kontor, platform, *options) as told:
                connection = Connection(kontor, mail, Shopkeeper(kontor, told["merchant"]), told)
                yield connection
                connection.close()
        finally:
            if kontor.is_anybody_left():
                os.killpg(kontor.process.pid, signal.SIGKILL)
            kontor.process.wait(timeout=PATIENCE)


def _prepare(folder: Path, mail: FakeMailServer) -> None:
    ports = ["--front-port", str(free_port()), "--shopify-port", str(free_port())]
    told = subprocess.run(
        [sys.executable, str(ROOT / "app.py"), "fake-settings", "--folder", str(folder / "fakes"), *ports],
        cwd=ROOT, env=Running.settings(folder, free_port()), capture_output=True, text=True, check=True,
    )  # fmt: skip
    sending = f"SMTP_URL={mail.url}\nSMTP_STARTTLS=never\n"
    (folder / ENVIRONMENT).write_text(told.stdout + sending)


@contextmanager
def _window(kontor: WithFakes, platform: str, *options: str) -> Iterator[dict[str, str]]:
    port = [] if platform == "shopify" else ["--port", str(free_port())]
    log = kontor.folder / "fake.log"
    with log.open("wb") as complaints:
        process = subprocess.Popen(
            [sys.executable, str(ROOT / "app.py"), "connect-fake", platform, *options, *port],
            cwd=ROOT, env=kontor.settings(kontor.folder, kontor.port),
            stdout=subprocess.PIPE, stderr=complaints, text=True,
        )  # fmt: skip
    try:
        assert process.stdout is not None
        lines = list(iter(process.stdout.readline, "\n"))
        assert lines, log.read_text() + kontor.log()
        yield dict(line.split(maxsplit=1) for line in (one.rstrip("\n") for one in lines) if line)
    finally:
        process.send_signal(signal.SIGINT)
        status = process.wait(timeout=PATIENCE)
        assert process.stdout is not None
        process.stdout.close()
    assert status == 0, log.read_text()
