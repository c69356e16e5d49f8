"""Joins all parts: the web application and the commands."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from huey import Huey

from core import log
from core.config import Config, read_config
from core.memory import few_heaps
from core.queue import open_queue
from core.runtime import Runtime
from engine.jobs import Jobs
from engine.machine import Busy, Machine
from flows import CATALOGUE
from integrations import (
    SHOPS,
    accounts,
    channel_for,
    companions,
    connected_shops,
    live_shops,
    own_channels,
)
from web import commands

if TYPE_CHECKING:
    from flask import Flask

HERE = Path(__file__).resolve()


def create_app(config: Config | None = None) -> "Flask":
    """The web application, ready for a WSGI server."""
    # A worker shows no pages: what draws them takes ten megabytes it need not hold.
    from web.site import site

    config = config or read_config()
    few_heaps()
    log.set_up(config)
    machine, queue, _ = build(config)
    return site(config, machine, queue, HERE.parent)


def build(config: Config) -> tuple[Machine, Huey, Jobs]:
    """The machine, its queue and the queue's jobs."""
    runtime, queue = Runtime.open(config), open_queue(config)
    jobs = Jobs(queue)
    connected = connected_shops(runtime)
    live = live_shops(runtime, connected)
    busy = Busy(config.worker_threads)
    machine = Machine(
        runtime,
        SHOPS,
        live,
        channel_for(runtime),
        CATALOGUE,
        jobs.bells(),
        busy,
        connected,
        own_channels(runtime),
        accounts(runtime),
        companions(runtime),
    )
    return machine, queue, jobs


if __name__ == "__main__":
    sys.exit(commands.main(commands.Program(HERE, build)))
