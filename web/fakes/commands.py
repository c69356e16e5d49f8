"""`fake-settings`, `connect-fake`, `forward`: a shop without an account, and time at a word."""

import argparse
import signal
import sys
import threading
import time
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from core import clock
from core.config import Config
from core.db import reading
from core.models import Merchant
from core.network import listens
from engine import simulation
from engine.machine import Machine
from integrations import KEEPS_CONSENT
from web import stand_ins
from web.fakes import authority, clocks, connecting, surroundings
from web.fakes.browser import LostOnTheWay
from web.fakes.platforms import FAKES

if TYPE_CHECKING:
    from web.commands import Program

ONLY_HERE = "This command is for development only (KONTOR_ENV=development).\n"
SETTLED_WITHIN = 120.0
LOOK_EVERY = 0.1
ON = """\

It stays up until Ctrl-C. Go on in another terminal:
    {lines}
"""
SIGNED = ".venv/bin/python app.py replay tests/payloads/{} --sign --set {}"
EVE = "billing.email=eve@example.test"
GO_ON = {
    "shopify": (SIGNED.format("shopify/checkouts_create.json", "buyer_accepts_marketing=true"),),
    "woocommerce": (
        SIGNED.format("woocommerce/order.updated__processing.json", EVE),
        SIGNED.format("woocommerce/order.updated__checkout_draft_email.json", EVE),
    ),
}
FORWARD = ".venv/bin/python app.py forward 1h"


def add_commands(commands: Any) -> None:
    _add_settings(commands)
    connect = commands.add_parser(
        "connect-fake", help="development: start a fake shop and connect it the real way"
    )
    connect.add_argument("platform", choices=sorted(FAKES))
    connect.add_argument("--live", action="store_true", help="cart recovery live instead of shadow")
    connect.add_argument(
        "--policy", choices=["opted_in", "existing_customers", "platform"], default="opted_in"
    )
    connect.add_argument("--port", type=int, help="where the fake listens, if not at its usual port")
    connect.set_defaults(do=_connect)
    forward = commands.add_parser("forward", help="development: let time pass for a fake or stand-in shop")
    forward.add_argument("span", type=_span, help="such as 1h, 30m or 2d")
    forward.add_argument("--merchant", help="the merchant's key; the one connected last if left out")
    forward.add_argument("--wait", type=float, default=SETTLED_WITHIN, help="at most so many seconds")
    forward.set_defaults(do=_forward)


def _add_settings(commands: Any) -> None:
    settings = commands.add_parser("fake-settings", help="development: the settings connect-fake needs")
    settings.add_argument("--folder", type=Path, default=surroundings.FOLDER)
    settings.add_argument("--front-port", type=int, default=surroundings.FRONT_PORT)
    settings.add_argument("--shopify-port", type=int, default=surroundings.SHOPIFY_PORT)
    settings.set_defaults(do=_settings)


def _span(text: str) -> timedelta:
    try:
        return clocks.span_of(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _settings(program: "Program", config: Config, given: argparse.Namespace) -> int:
    if config.production:
        sys.stderr.write(ONLY_HERE)
        return 2
    authority.ensure(given.folder)
    sys.stdout.write(surroundings.told(given.folder, given.front_port, given.shopify_port) + "\n")
    return 0


def _connect(program: "Program", config: Config, given: argparse.Namespace) -> int:
    machine = _machine(program, config)
    if machine is None:
        return 2
    if given.policy == "platform" and given.platform not in KEEPS_CONSENT:
        sys.stderr.write(stand_ins.NO_CONSENT_KEEPER)
        return 2
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    root = program.file.parent
    try:
        with connecting.connected(
            machine, given.platform, root, given.port, live=given.live, policy=given.policy
        ) as told:
            lines = "\n    ".join((*GO_ON[given.platform], FORWARD))
            sys.stdout.write(told + "\n" + ON.format(lines=lines))
            sys.stdout.flush()
            ended.wait()
    except (surroundings.NotReady, LostOnTheWay) as error:
        sys.stderr.write(f"Not connected: {error}\n")
        return 1
    return 0


def _forward(program: "Program", config: Config, given: argparse.Namespace) -> int:
    machine = _machine(program, config)
    if machine is None:
        return 2
    try:
        row = clocks.movable(machine, given.merchant)
        clocks.forward(machine, config, row, given.span)
    except surroundings.NotReady as error:
        sys.stderr.write(f"The clock was not moved. {error}")
        return 1
    return _told(machine, config, row, given.wait)


def _told(machine: Machine, config: Config, row: Any, patience: float) -> int:
    """Once everything on the way is settled."""
    ends = time.monotonic() + patience
    while simulation.is_moving(machine, row.merchant_id):
        if time.monotonic() > ends or not listens(config.port):
            sys.stderr.write("Not everything on the way is settled yet; is Kontor running (make run)?\n")
            return 1
        time.sleep(LOOK_EVERY)
    with reading(machine.db) as session:
        merchant = session.get_one(Merchant, row.merchant_id)
        now = clock.now(merchant).astimezone(ZoneInfo(merchant.timezone))
    told = f"it is now {now:%Y-%m-%d %H:%M} ({merchant.timezone})"
    sys.stdout.write(f"For {row.name} ({row.key}) {told}.\n")
    return 0


def _machine(program: "Program", config: Config) -> Machine | None:
    if config.production:
        sys.stderr.write(ONLY_HERE)
        return None
    return program.build(config)[0]
