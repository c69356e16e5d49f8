"""A new data key: everything sealed is sealed anew, and the old key can go."""

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import LargeBinary, select, update

from core import clock
from core.config import Config
from core.db import reading, transaction
from core.events import Contact
from core.models import Connecting, metadata
from core.models.tables import addresses, companions, connections, effects, mail_servers, members, people
from core.vault import SealBroken, Vault, new_key
from engine import data_requests, rotation
from engine.machine import Machine
from engine.rotation import SEALED, Rotated
from tests.support.kontor import Kontor


@pytest.fixture
def kontor(kontor_on_both: Kontor) -> Kontor:
    """A shop in which something of every kind is sealed."""
    kontor = kontor_on_both
    kontor.leave_cart()
    kontor.forward(hours=2)
    vault, mine = kontor.machine.vault, kontor.merchant_id
    token = vault.seal("shpat_of_a_shop", f"connection:{mine}:token")
    older = vault.seal("old-secret", f"connection:{mine}:previous_secret")
    refresh = vault.seal("shprt_of_a_shop", f"connection:{mine}:refresh")
    kontor.write(
        update(connections)
        .where(connections.c.merchant_id == mine)
        .values(token=token, previous_secret=older, refresh=refresh)
    )
    email = vault.seal("mara@example.com", f"member:{mine}:email")
    kontor.write(update(members).where(members.c.merchant_id == mine).values(email=email))
    password = vault.seal("a password", f"mail_server:{mine}:password")
    account = {"host": "smtp.beans.example", "port": 587, "login": "beans", "sender": "hello@beans.example"}
    counted = {"by": "Mara", "tries": 0, "accounts": 1, "accounts_since": clock.now(), "in_use": False}
    kontor.write(mail_servers.insert().values(merchant_id=mine, password=password, **account, **counted))
    own = vault.seal("a secret of the plugin's", f"companion:{mine}:secret")
    seen = {"version": "1.0.0", "page": "", "waiting": 0, "dropped": 0}
    seen_at = {"found_at": clock.now(), "seen_at": clock.now()}
    kontor.write(companions.insert().values(merchant_id=mine, secret=own, **seen, **seen_at))
    _ask_and_connect(kontor)
    person = kontor.rows(people)[0].id
    name = vault.seal("Anna", f"person:{mine}:{person}:first_name")
    kontor.write(update(people).where(people.c.id == person).values(first_name=name))
    return kontor


def _ask_and_connect(kontor: Kontor) -> None:
    """A shopper's request waits, and a store is on its way to being connected."""
    vault, mine = kontor.machine.vault, kontor.merchant_id
    with transaction(kontor.machine.db) as session:
        contact = Contact(email="anna@example.com")
        data_requests.remember(vault, session, mine, "request-1", contact, ("1",))
        row = Connecting(platform="woocommerce", state="s", browser="b", domain="shop.example")
        session.add(row)
        session.flush()
        row.token = vault.seal("ck_1:cs_1", f"connecting:{row.id}:token")


def with_keys(kontor: Kontor, *keys: str) -> Machine:
    """The same Kontor, started with these DATA_KEYS."""
    machine = kontor.machine
    config: Config = machine.config.model_copy(update={"data_keys": keys})
    vault = Vault(keys, config.address_key)
    return replace(machine, runtime=replace(machine.runtime, config=config, vault=vault))


def sealed_values(machine: Machine) -> list[tuple[str, bytes, str]]:
    """Where, what, and what it is bound to."""
    found: list[tuple[str, bytes, str]] = []
    with reading(machine.db) as session:
        for one in SEALED:
            kept = select(one.table).where(one.table.c[one.column].is_not(None))
            where = f"{one.table.name}.{one.column}"
            found += [(where, getattr(row, one.column), one.binding(row)) for row in session.execute(kept)]
    return found


def test_after_a_rotation_the_new_key_alone_opens_everything_as_it_was(kontor: Kontor) -> None:
    old, new = kontor.machine.config.data_keys[0], new_key()
    before = {binding: kontor.machine.vault.open(value, binding) for _, value, binding in all_of(kontor)}
    assert {where for where, _, _ in all_of(kontor)} == {f"{s.table.name}.{s.column}" for s in SEALED}
    assert rotation.rotate(with_keys(kontor, new, old)) == Rotated(anew=len(before))
    alone = with_keys(kontor, new)
    assert {binding: alone.vault.open(value, binding) for _, value, binding in all_of(kontor)} == before
    with pytest.raises(SealBroken):
        kontor.machine.vault.open(all_of(kontor)[0][1], all_of(kontor)[0][2])


def test_a_second_rotation_has_nothing_left_to_do(kontor: Kontor) -> None:
    both = with_keys(kontor, new_key(), *kontor.machine.config.data_keys)
    rotation.rotate(both)
    assert rotation.rotate(both) == Rotated()


def test_a_value_that_no_key_opens_is_counted_and_stops_nothing(kontor: Kontor) -> None:
    both = with_keys(kontor, new_key(), *kontor.machine.config.data_keys)
    many = len(all_of(kontor))
    kontor.write(update(connections).values(token=b"broken"))
    assert rotation.rotate(both) == Rotated(anew=many - 1, broken=1)


def test_the_mail_goes_on_after_a_rotation(kontor: Kontor) -> None:
    new = new_key()
    rotation.rotate(with_keys(kontor, new, *kontor.machine.config.data_keys))
    kontor.machine = with_keys(kontor, new)
    kontor.forward(days=2)
    assert {row.state for row in kontor.rows(metadata.tables["effects"])} <= {"done", "pending", "skipped"}
    assert len(kontor.rows(metadata.tables["mailbox_messages"])) == 2


def test_every_column_of_bytes_is_known_to_the_rotation() -> None:
    columns = {
        (table.name, column.name)
        for table in metadata.tables.values()
        for column in table.columns
        if isinstance(column.type, LargeBinary)
    }
    assert {(one.table.name, one.column) for one in SEALED} == columns


@pytest.mark.parametrize("where", [f"{one.table.name}.{one.column}" for one in SEALED])
def test_a_value_copied_to_another_row_opens_nothing(where: str) -> None:
    sealed = next(one for one in SEALED if f"{one.table.name}.{one.column}" == where)
    vault = Vault((new_key(),), "a" * 32)
    value = vault.seal("secret", sealed.binding(a_row(1)))
    # A merchant has one connection, one companion and one account, and each member's address is hers.
    alone = (companions, connections, members, mail_servers)
    others = [a_row(2)] if sealed.table not in alone else []
    for other in (*others, a_row(1, merchant_id=2)):
        with pytest.raises(SealBroken):
            vault.open(value, sealed.binding(other))


def test_a_name_put_on_another_persons_row_is_refused(kontor: Kontor) -> None:
    kontor.leave_cart("bea@example.com")
    with transaction(kontor.machine.db) as session:
        first, second = session.execute(select(addresses).order_by(addresses.c.id)).all()[:2]
        session.execute(update(addresses).where(addresses.c.id == second.id).values(value=first.value))
    kontor.forward(hours=2)
    refused = [(row.state, row.reason) for row in kontor.rows(effects) if row.person_id == second.person_id]
    assert ("failed", "internal") in refused
    assert ("done", None) not in refused


def all_of(kontor: Kontor) -> list[tuple[str, bytes, str]]:
    return sealed_values(kontor.machine)


def a_row(number: int, merchant_id: int = 1) -> Any:
    """A row's names, all of this number; an effect's key names its merchant."""
    text = f"{merchant_id}.{number}"
    return type("Row", (), {"id": number + 10 * merchant_id, "merchant_id": merchant_id, "fingerprint": text,
                            "ref": text, "dedupe": text, "key": text})  # fmt: skip
