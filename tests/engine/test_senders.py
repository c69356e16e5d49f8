"""A shop's own sender address: proven by a code and by its domain's records, used while both hold."""

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from sqlalchemy import update

from core import clock
from core.config import Config, read_config
from core.db import reading
from core.errors import Permanent, Retryable
from core.models.tables import merchants, notices, sender_addresses
from engine import sender_records, senders
from engine.codes import Answer
from engine.sender_records import Record
from tests.engine.stories import Postbox, with_postbox
from tests.engine.test_notices import MARA, joins, tell
from tests.fakes.dns import FakeNames
from tests.integrations.smtp.test_dkim import pem
from tests.support.kontor import Kontor

INCLUDED = "v=spf1 mx +include:SPF.kontor.example -all"
HERS, DOMAIN = "hello@beans.example", "beans.example"
OURS = {
    "mail_from": "post@kontor.example",
    "dkim_domain": "kontor.example",
    "dkim_selector": "k1",
    "spf_include": "spf.kontor.example",
}


@pytest.fixture(scope="module")
def key() -> str:
    return pem(rsa.generate_private_key(65537, 2048))


@pytest.fixture
def names() -> Iterator[FakeNames]:
    with FakeNames() as running:
        yield running


@pytest.fixture
def config(names: FakeNames, key: str) -> Config:
    told = OURS | {"dkim_private_key": key, "dns_servers": names.place}
    return read_config({name.upper(): value for name, value in told.items()})


@pytest.fixture
def post(kontor_on_both: Kontor, names: FakeNames, key: str) -> Postbox:
    """The operator signs and says what to include; Mara looks after the shop."""
    told: dict[str, Any] = OURS | {"dkim_private_key": key, "dns_servers": (names.place,)}
    for name, value in told.items():
        object.__setattr__(kontor_on_both.machine.config, name, value)
    return with_postbox(kontor_on_both)


def ask(kontor: Kontor, address: str = HERS) -> senders.Asked:
    return senders.ask(kontor.machine, kontor.merchant, address, "Mara")


def code_in(post: Postbox) -> str:
    found = re.search(r"\b\d{6}\b", post.sent[-1].text)
    assert found is not None
    return found[0]


def prove(kontor: Kontor, code: str) -> Answer:
    return senders.prove(kontor.machine, kontor.merchant_id, code)


def proven(kontor: Kontor, post: Postbox) -> None:
    assert ask(kontor) == "sent"
    assert prove(kontor, code_in(post)) == "right"


def look(kontor: Kontor) -> senders.Looked:
    """As if some time had passed since it was looked up last."""
    kontor.write(update(sender_addresses).values(looked_at=clock.now() - timedelta(minutes=1)))
    return senders.look(kontor.machine, kontor.merchant_id)


def wanted(config: Config) -> list[Record]:
    return sender_records.look_up(config, DOMAIN)


def publish(kontor: Kontor, names: FakeNames) -> None:
    """She copies what the page shows."""
    for record in wanted(kontor.machine.config):
        names.put(record.name, record.value)


def writes_from(kontor: Kontor, post: Postbox, who: str) -> str:
    """The sender of what this person is written."""
    kontor.leave_cart(who)
    kontor.forward(hours=2)
    assert post.sent[-1].to == who
    return post.sent[-1].sender_address


def test_only_with_code_and_records_the_mail_goes_out_from_her_address(
    kontor_on_both: Kontor, post: Postbox, names: FakeNames
) -> None:
    kontor = kontor_on_both
    assert writes_from(kontor, post, "a@example.com") == "post@kontor.example"
    proven(kontor, post)
    assert look(kontor) == "not_yet"
    assert writes_from(kontor, post, "b@example.com") == "post@kontor.example"
    publish(kontor, names)
    assert look(kontor) == "right"
    assert writes_from(kontor, post, "c@example.com") == HERS
    senders.forget(kontor.machine, kontor.merchant_id)
    assert writes_from(kontor, post, "d@example.com") == "post@kontor.example"


def test_the_right_records_alone_prove_nothing(
    kontor_on_both: Kontor, post: Postbox, names: FakeNames
) -> None:
    kontor = kontor_on_both
    publish(kontor, names)
    ask(kontor)
    assert look(kontor) == "not_yet"
    assert writes_from(kontor, post, "a@example.com") == "post@kontor.example"


def test_a_code_holds_for_half_an_hour_and_five_tries(kontor_on_both: Kontor, post: Postbox) -> None:
    kontor = kontor_on_both
    ask(kontor)
    code = code_in(post)
    wrong = "000000" if code != "000000" else "111111"
    assert [prove(kontor, wrong) for _ in range(6)] == ["wrong"] * 5 + ["late"]
    assert prove(kontor, code) == "late"
    ask(kontor)
    kontor.write(update(sender_addresses).values(code_ends_at=clock.now()))
    assert prove(kontor, code_in(post)) == "late"


def test_a_code_is_good_once_and_for_its_address_only(kontor_on_both: Kontor, post: Postbox) -> None:
    kontor = kontor_on_both
    assert prove(kontor, "123456") == "none"
    ask(kontor)
    first = code_in(post)
    ask(kontor, "other@beans.example")
    assert code_in(post) == first or prove(kontor, first) == "wrong"
    assert prove(kontor, f" {code_in(post)[:3]} {code_in(post)[3:]} ") == "right"
    assert prove(kontor, code_in(post)) == "none"
    (row,) = kontor.rows(sender_addresses)
    assert row.code is None


def test_the_code_is_kept_as_a_hash(kontor_on_both: Kontor, post: Postbox) -> None:
    ask(kontor_on_both)
    (row,) = kontor_on_both.rows(sender_addresses)
    assert code_in(post) not in str(row)
    assert (post.sent[-1].to, post.sent[-1].sender_address) == (HERS, "post@kontor.example")


def test_nobody_can_be_flooded_with_codes(kontor_on_both: Kontor, post: Postbox) -> None:
    kontor = kontor_on_both
    assert [ask(kontor) for _ in range(6)] == ["sent"] * 5 + ["too_many"]
    senders.forget(kontor.machine, kontor.merchant_id)
    assert ask(kontor) == "too_many"
    kontor.write(update(sender_addresses).values(codes_since=clock.now() - timedelta(days=1)))
    assert ask(kontor) == "sent"
    assert len(post.sent) == 6


@pytest.mark.parametrize("address", ["post@kontor.example", "x@mail.kontor.example"])
def test_nobody_writes_in_the_operators_name(kontor_on_both: Kontor, post: Postbox, address: str) -> None:
    assert ask(kontor_on_both, address) == "ours"
    assert post.sent == []


@pytest.mark.parametrize(
    ("error", "told"), [(Retryable("451 later"), "busy"), (Permanent("550 no"), "refused")]
)
def test_a_code_that_could_not_be_mailed_is_said(
    kontor_on_both: Kontor, post: Postbox, error: Exception, told: str
) -> None:
    post.failing = error
    assert ask(kontor_on_both) == told


def test_a_record_that_goes_leads_back_to_the_operators_address_and_is_told(
    kontor_on_both: Kontor, post: Postbox, names: FakeNames
) -> None:
    kontor = kontor_on_both
    joins(kontor, MARA)
    proven(kontor, post)
    publish(kontor, names)
    look(kontor)
    key_at = names.records.pop("k1._domainkey.beans.example")
    kontor.write(update(sender_addresses).values(look_at=clock.now(), looked_at=None))
    assert senders.run(kontor.machine) == 1
    assert writes_from(kontor, post, "a@example.com") == "post@kontor.example"
    tell(kontor)
    assert "your mails go out from our address again" in post.sent[-1].subject
    assert f"/m/{kontor.merchant.key}/sender" in post.sent[-1].text
    names.put("k1._domainkey.beans.example", *key_at)
    assert look(kontor) == "right"
    tell(kontor)
    assert "your mails go out from your own address again" in post.sent[-1].subject
    assert [row.kind for row in kontor.rows(notices, notices.c.mended_at.is_not(None))] == ["sender"]


def test_whoever_has_left_and_takes_her_records_away_hears_nothing_of_it(
    kontor_on_both: Kontor, post: Postbox, names: FakeNames
) -> None:
    kontor = kontor_on_both
    proven(kontor, post)
    publish(kontor, names)
    look(kontor)
    names.records.clear()
    kontor.write(update(merchants).values(uninstalled_at=clock.now()))
    kontor.write(update(sender_addresses).values(look_at=clock.now(), looked_at=None))
    assert senders.run(kontor.machine) == 0
    assert kontor.rows(notices) == []
    kontor.write(update(merchants).values(uninstalled_at=None))
    assert senders.run(kontor.machine) == 1, "who comes back is looked after again"


def test_name_servers_that_are_away_change_nothing(
    kontor_on_both: Kontor, post: Postbox, names: FakeNames
) -> None:
    kontor = kontor_on_both
    proven(kontor, post)
    publish(kontor, names)
    look(kontor)
    names.broken = True
    assert look(kontor) == "busy"
    assert writes_from(kontor, post, "a@example.com") == HERS
    assert kontor.rows(notices) == []


def test_it_is_looked_up_by_itself_often_at_first_and_once_a_day_later(
    kontor_on_both: Kontor, post: Postbox, names: FakeNames
) -> None:
    kontor = kontor_on_both
    proven(kontor, post)
    assert senders.run(kontor.machine, most=5) == 1
    assert until_next(kontor) < timedelta(hours=1, minutes=1)
    kontor.write(update(sender_addresses).values(proven_at=clock.now() - timedelta(days=4)))
    look(kontor)
    assert until_next(kontor) > timedelta(hours=23)
    asked = len(names.asked)
    assert senders.look(kontor.machine, kontor.merchant_id) == "wait"
    assert len(names.asked) == asked


def until_next(kontor: Kontor) -> timedelta:
    (row,) = kontor.rows(sender_addresses)
    return row.look_at - clock.now()  # type: ignore[no-any-return] # A row tells no types.


@pytest.mark.parametrize(
    ("there", "state", "value"),
    [
        ([], "missing", "v=spf1 include:spf.kontor.example ~all"),
        (["v=spf1 include:spf.kontor.example -all"], "right", "v=spf1 include:spf.kontor.example -all"),
        (
            [INCLUDED],
            "right",
            INCLUDED,
        ),
        (["v=spf1 mx -all", "other"], "wrong", "v=spf1 mx include:spf.kontor.example -all"),
        (["v=spf1 redirect=x.example"], "wrong", "v=spf1 include:spf.kontor.example redirect=x.example"),
        (["v=spf1 -all", "v=spf1 mx -all"], "several", "v=spf1 include:spf.kontor.example -all"),
        (["v=spf10 x"], "missing", "v=spf1 include:spf.kontor.example ~all"),
    ],
)
def test_her_own_spf_record_keeps_what_stood_there(
    config: Config, names: FakeNames, there: list[str], state: str, value: str
) -> None:
    names.put(DOMAIN, *there) if there else None
    found = wanted(config)[0]
    assert (found.state, found.value) == (state, value)


def test_a_key_that_is_not_ours_is_wrong_and_blanks_in_it_count_for_nothing(
    config: Config, names: FakeNames
) -> None:
    record = wanted(config)[1]
    names.put(record.name, "v=DKIM1; k=rsa; p=AAAA")
    assert wanted(config)[1].state == "wrong"
    names.put(record.name, record.value.replace("p=MIIB", "p = MI IB"))
    assert wanted(config)[1].state == "right"


@pytest.mark.parametrize(
    ("name", "texts", "state"),
    [
        ("_dmarc.news.beans.example", ["v=DMARC1; p=reject"], "right"),
        ("_dmarc.beans.example", ["v=DMARC1;p=none"], "right"),
        ("_dmarc.beans.example", ["v=DMARC1; p=none", "v=DMARC1; p=reject"], "several"),
        ("_dmarc.beans.example", ["p=none"], "missing"),
        ("_dmarc.example", ["v=DMARC1; p=none"], "missing"),
    ],
)
def test_what_holds_for_the_domain_above_holds_for_hers(
    config: Config, names: FakeNames, name: str, texts: list[str], state: str
) -> None:
    names.put(name, *texts)
    found = sender_records.look_up(config, "news.beans.example")[2]
    assert found.state == state


def test_another_shop_s_address_is_not_hers(kontor: Kontor) -> None:
    with reading(kontor.machine.db) as session:
        assert senders.in_use(session, kontor.merchant_id + 1) is None


def test_a_domain_with_ever_so_many_parts_is_looked_up_in_few_questions(
    config: Config, names: FakeNames
) -> None:
    sender_records.look_up(config, "a." * 100 + DOMAIN)
    assert len(names.asked) <= 10
    names.put("_dmarc.beans.example", "v=DMARC1; p=none")
    assert sender_records.look_up(config, "a." * 100 + DOMAIN)[2].state == "right"
