"""What the stories about tokens share: when they end, what is kept, what a platform answers."""

import copy
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

from core import clock
from core.db import connect
from engine import access
from engine.access import access_to
from engine.machine import Machine
from integrations.live import Tokens
from tests.engine.connected import AtShopify, with_live

SOON = timedelta(minutes=2)


def ends_in(shopify: AtShopify, span: timedelta) -> None:
    shopify.change_connection(token_ends_at=clock.now() + span)


def token_of(shopify: AtShopify) -> str:
    found = access_to(shopify.machine, shopify.merchant_id).token
    assert found is not None
    return found


def stored(shopify: AtShopify) -> tuple[str, str]:
    """The pair as it is kept."""
    row, vault, mine = shopify.connection(), shopify.machine.vault, shopify.merchant_id
    return (
        vault.open(row.token, access.binding(mine, "token")).decode(),
        vault.open(row.refresh, access.binding(mine, "refresh")).decode(),
    )


@contextmanager
def while_renewing(shopify: AtShopify, happens: Callable[[], None]) -> Iterator[None]:
    """Something happens between the renewing call and its answer's being written down."""

    honest, before = shopify.live.renew, shopify.kontor.machine

    def slow(domain: str, refresh: str) -> Tokens:
        try:
            return honest(domain, refresh)
        finally:
            happens()

    renewing(shopify, slow)
    yield
    shopify.kontor.machine = before


def renewing(shopify: AtShopify, renew: Callable[[str, str], Tokens]) -> None:
    """From now on the platform answers a renewal so."""
    live = copy.copy(shopify.live)
    live.renew = renew  # type: ignore[method-assign, assignment]
    shopify.kontor.machine = with_live(shopify.kontor.machine, "shopify", live)


def another_machine(shopify: AtShopify) -> Machine:
    """The same Kontor on another machine: its own pool of connections to the database."""
    machine = shopify.machine
    runtime = replace(machine.runtime, db=connect(machine.config.sqlalchemy_url))
    return replace(machine, runtime=runtime)
