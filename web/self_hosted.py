"""The platforms whose stores stand at addresses of their own, and their words in the page's language."""

from collections.abc import Mapping
from typing import cast

from flask import Flask, abort, current_app

from integrations.self_hosted import Problem, SelfHosted
from web.i18n import locale


def install(app: Flask) -> None:
    app.jinja_env.globals |= {"self_hosted": platforms, "keys_at": keys_at}


def platforms() -> Mapping[str, SelfHosted]:
    return cast(Mapping[str, SelfHosted], current_app.extensions["kontor.self_hosted"])


def named(key: str) -> SelfHosted:
    """The platform that an address names."""
    return platforms().get(key) or abort(404)


def sentence(met: Problem) -> str:
    return met.german if locale() == "de" else met.english


def keys_at(platform: SelfHosted) -> str:
    """Where in the shop its keys are listed."""
    return platform.keys_at[locale() == "de"]
