"""Commands for one's own machine: a merchant from nothing, a recorded webhook
edited, signed and sent."""

import argparse
import json
import sys
from typing import TYPE_CHECKING, Any

from core import clock
from core.config import Config
from engine.machine import Machine
from integrations import KEEPS_CONSENT
from web import replaying, stand_ins
from web.fakes import commands as fakes

if TYPE_CHECKING:
    from web.commands import Program

ONLY_HERE = "This command is for development only (KONTOR_ENV=development).\n"


def add_commands(commands: Any) -> None:
    add = commands.add_parser("merchant-add", help="development: a merchant with its connection and settings")
    add.add_argument("platform", choices=sorted(stand_ins.PLATFORMS))
    add.add_argument("--live", action="store_true", help="cart recovery live instead of shadow")
    add.add_argument("--policy", choices=["opted_in", "existing_customers", "platform"], default="opted_in")
    add.add_argument("--name", default="Test shop")
    add.set_defaults(do=_merchant_add)
    replay = commands.add_parser("replay", help="development: edit, sign and send a recorded webhook")
    replay.add_argument("file", help="a payload of tests/payloads, or any JSON body")
    replay.add_argument("--set", action="append", default=[], metavar="PATH=VALUE", dest="edits")
    replay.add_argument("--sign", action="store_true", help="sign for the merchant instead of as recorded")
    replay.add_argument("--rebase", action="store_true", help="move all dates to now even without --set")
    replay.add_argument("--keep-dates", action="store_true", help="leave the dates alone even with --set")
    replay.add_argument("--topic", help="when the file does not tell it")
    replay.add_argument("--merchant", help="the merchant's key; if left out, the one connected last")
    replay.set_defaults(do=_replay)
    fakes.add_commands(commands)


def _merchant_add(program: "Program", config: Config, given: argparse.Namespace) -> int:
    machine = _machine(program, config)
    if machine is None:
        return 2
    if given.policy == "platform" and given.platform not in KEEPS_CONSENT:
        sys.stderr.write(stand_ins.NO_CONSENT_KEEPER)
        return 2
    told = stand_ins.add(machine, given.platform, given.name, live=given.live, policy=given.policy)
    sys.stdout.write(told + "\n")
    return 0


def _replay(program: "Program", config: Config, given: argparse.Namespace) -> int:
    machine = _machine(program, config)
    if machine is None:
        return 2
    try:
        delivery = replaying.prepare(machine, given, clock.now())
        status = replaying.post(config, delivery)
    except (OSError, json.JSONDecodeError, replaying.CannotReplay) as error:
        sys.stderr.write(f"Not sent: {error}\n")
        return 2
    sys.stdout.write(f"{delivery.topic} sent to {delivery.merchant_key}: the door answered {status}\n")
    return 0 if status == 200 else 1


def _machine(program: "Program", config: Config) -> Machine | None:
    if config.production:
        sys.stderr.write(ONLY_HERE)
        return None
    return program.build(config)[0]
