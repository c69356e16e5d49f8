"""All pages and doors joined into one web application."""

from pathlib import Path

from flask import Flask
from huey import Huey
from werkzeug.middleware.proxy_fix import ProxyFix

from core.config import Config
from engine.machine import Machine
from integrations import ADMINS, SELF_HOSTED
from web import (
    activity,
    bounces,
    brand,
    connect,
    connection,
    data,
    demand,
    design,
    doors,
    flows,
    guide,
    health,
    install,
    look_back,
    mail_server,
    mailbox,
    modes,
    overview,
    pages,
    pixel,
    public,
    sandbox,
    sender,
    session,
    settings,
    shopper,
    signing_in,
    static_files,
    storefront,
    summary,
    waitlist,
    words,
)

# No form of ours is longer; webhooks have a limit of their own.
LARGEST_FORM = 256 * 1024
PAGES = (
    session.bp,
    public.bp,
    install.bp,
    signing_in.bp,
    connect.bp,
    overview.bp,
    guide.bp,
    activity.bp,
    look_back.bp,
    mailbox.bp,
    connection.bp,
    data.bp,
    demand.bp,
    words.bp,
    brand.bp,
    flows.bp,
    modes.bp,
    settings.bp,
    sender.bp,
    mail_server.bp,
    summary.bp,
)


def site(config: Config, machine: Machine, queue: Huey, root: Path) -> Flask:
    """`root` is where templates and static files lie."""
    app = Flask("kontor", root_path=str(root))
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
    static_files.install(app)
    doors.install(app)
    if config.trusted_proxies:
        hops = config.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops)  # type: ignore[method-assign]
    return app


def _register(app: Flask, config: Config) -> None:
    """Shoppers' pages, what a shop's pages send on, a mail server that posts what came
    back, and a store that brings its keys carry their own proof instead of a form token."""
    shoppers = (shopper.shopper, waitlist.bp, storefront.bp, pixel.bp)
    for blueprint in (*shoppers, health.bp, bounces.bp, summary.mailed):
        pages.csrf.exempt(blueprint)
        app.register_blueprint(blueprint)
    pages.csrf.exempt(connect.take_keys)
    for blueprint in PAGES:
        app.register_blueprint(blueprint)
    if not config.production:
        app.register_blueprint(design.bp)
    if config.sandbox_shown:
        app.register_blueprint(sandbox.bp)
