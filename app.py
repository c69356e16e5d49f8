"""Joins all parts: the web application and the commands."""

import sys
from pathlib import Path

from flask import Flask, redirect, url_for
from huey import Huey
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.wrappers import Response

from core import log
from core.config import Config, read_config
from core.memory import few_heaps
from core.queue import open_queue
from core.runtime import Runtime
from engine.jobs import Jobs
from engine.machine import Busy, Machine
from flows import CATALOGUE
from integrations import (
    ADMINS,
    SELF_HOSTED,
    SHOPS,
    channel_for,
    connected_shops,
    live_shops,
    own_channels,
)
from web import (
    activity,
    brand,
    commands,
    connect,
    connection,
    doors,
    flows,
    guide,
    health,
    install,
    look_back,
    mailbox,
    modes,
    overview,
    pages,
    sandbox,
    session,
    settings,
    shopper,
    signing_in,
    words,
)

HERE = Path(__file__).resolve()
# No form of ours is longer; webhooks have a limit of their own.
LARGEST_FORM = 256 * 1024


def create_app(config: Config | None = None) -> Flask:
    """The web application, ready for a WSGI server."""
    config = config or read_config()
    few_heaps()
    log.set_up(config)
    machine, queue, _ = build(config)
    app = Flask("kontor", root_path=str(HERE.parent))
    app.config.update(
        SECRET_KEY=config.secret_key,
        SESSION_COOKIE_NAME="kontor",
        SESSION_COOKIE_SAMESITE="Lax",
        # In development a page is opened without TLS too, and not every browser trusts this machine as it is.
        SESSION_COOKIE_SECURE=config.production and config.app_url.startswith("https://"),
        WTF_CSRF_TIME_LIMIT=None,
        MAX_CONTENT_LENGTH=LARGEST_FORM,
        MAX_FORM_MEMORY_SIZE=LARGEST_FORM,
    )
    # An address is right or wrong: to mend it would lead to whatever host the visitor named.
    app.url_map.merge_slashes = False
    app.extensions |= {"kontor": machine, "kontor.queue": queue, "kontor.door": doors.Door.of(machine)}
    app.extensions["kontor.admins"] = {key: make(machine.runtime) for key, make in ADMINS.items()}
    app.extensions["kontor.self_hosted"] = {key: make(machine.runtime) for key, make in SELF_HOSTED.items()}
    pages.install(app)
    _register(app, config)
    doors.install(app)
    if config.trusted_proxies:
        hops = config.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops)  # type: ignore[method-assign]
    return app


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
    )
    return machine, queue, jobs


def _register(app: Flask, config: Config) -> None:
    """Shoppers' pages, and a store that brings its keys, carry their own proof
    instead of a form token."""
    for blueprint in (shopper.shopper, health.bp):
        pages.csrf.exempt(blueprint)
        app.register_blueprint(blueprint)
    pages.csrf.exempt(connect.take_keys)
    for blueprint in (
        session.bp,
        install.bp,
        signing_in.bp,
        connect.bp,
        overview.bp,
        guide.bp,
        activity.bp,
        look_back.bp,
        mailbox.bp,
        connection.bp,
        words.bp,
        brand.bp,
        flows.bp,
        modes.bp,
        settings.bp,
    ):
        app.register_blueprint(blueprint)
    if config.sandbox_shown:
        app.register_blueprint(sandbox.bp)
        app.add_url_rule("/", "home", _home)


def _home() -> Response:
    return redirect(url_for("sandbox.page"))


if __name__ == "__main__":
    sys.exit(commands.main(commands.Program(HERE, build)))
