"""`connect-fake`: a fake shop is started, connected through the real way in, and kept up."""

import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import select

from core.config import Config
from core.db import reading
from core.models.tables import connections, merchants
from engine import changes, checkups
from engine.machine import Machine
from web.fakes import authority, clocks, surroundings
from web.fakes.browser import Browser
from web.fakes.front import front
from web.fakes.platforms import FAKES, Fake
from web.fakes.surroundings import NotReady

BY = "connect-fake"
ENDS_WITHIN = 10


@contextmanager
def connected(
    machine: Machine, platform: str, root: Path, port: int | None, *, live: bool, policy: str
) -> Iterator[str]:
    """The fake is up and connected; what to know about it, as text. Raises
    NotReady and LostOnTheWay."""
    config, fake = machine.config, FAKES[platform]
    folder = surroundings.folder_of(config)
    authority.ensure(folder)
    with ExitStack() as up:
        _put_front(up, config, folder)
        surroundings.demand_running(config)
        at = port or fake.port(config)
        up.enter_context(_running(fake, config, folder, root, at))
        clocks.note_forgotten(machine, platform)
        with Browser(config) as browser:
            domain = fake.connect(config, browser, at)
        row = _connection(machine, platform, domain)
        _set_up(machine, config, row, live=live, policy=policy)
        yield _told(machine, row)


def _put_front(up: ExitStack, config: Config, folder: Path) -> None:
    """One is enough for two fakes: where another stands already, it is used."""
    port = urlsplit(config.app_url).port or 443
    try:
        up.enter_context(front(port, config.port, folder / authority.HOST))
    except OSError:
        surroundings.demand_running(config)


@contextmanager
def _running(fake: Fake, config: Config, folder: Path, root: Path, port: int) -> Iterator[None]:
    command = fake.command(config, folder.absolute(), port)
    process = subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE)  # noqa: S603 - Our own program.
    try:
        assert process.stdout is not None
        # It speaks once it listens; if it ends instead, it has said why.
        if not process.stdout.readline():
            raise NotReady(f"The fake did not start; is port {port} taken?\n")
        yield
    finally:
        process.terminate()
        process.wait(ENDS_WITHIN)


def _connection(machine: Machine, platform: str, domain: str) -> Any:
    found = (
        select(connections, merchants.c.key, merchants.c.clock_offset_ms)
        .join(merchants, merchants.c.id == connections.c.merchant_id)
        .where(connections.c.platform == platform, connections.c.domain == domain)
    )
    with reading(machine.db) as session:
        row = session.execute(found).one_or_none()
    if row is None or row.token is None or row.state != "active":
        raise NotReady(f"{domain} was not connected; the log of make run says more\n")
    return row


def _set_up(machine: Machine, config: Config, row: Any, *, live: bool, policy: str) -> None:
    """A fake begins at real time; one whose merchant is ahead is taken there."""
    clocks.mark_fake(machine, row.merchant_id)
    if row.clock_offset_ms:
        clocks.take_along(machine, config, row, timedelta(milliseconds=row.clock_offset_ms))
    for flow in machine.flows.values():
        changes.set_mode(machine, row.merchant_id, flow, "live" if live else "shadow", BY)
    changes.save_shop(machine, row.merchant_id, {"consent_policy": policy}, BY)


def _told(machine: Machine, row: Any) -> str:
    base = machine.config.app_url
    shared = machine.shops[row.platform].app_secrets(machine.config)
    webhooks = f"{base}/webhooks/{row.platform}" if shared else checkups.webhook_url(machine, row)
    lines = [
        f"merchant   {row.key}",
        f"shop       https://{row.domain}" + (f" (id {row.shop_id})" if row.shop_id else ""),
        f"webhooks   {webhooks}",
        f"activity   http://localhost:{machine.config.port}/dev/sign-in/{row.key}",
    ]
    return "\n".join(lines)
