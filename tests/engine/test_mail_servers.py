"""Her own account at a mail server: guarded, tried by a mail to herself; refused, nothing is lost."""

import re
import ssl
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from core import clock, network
from core.db import reading
from core.models.tables import effects, mail_servers, notices
from core.vault import SealBroken
from engine import mail_servers as accounts
from engine import trial_mails
from engine.codes import Answer
from engine.mail_servers import Typed
from integrations import accounts as real_accounts
from tests.engine.stories import Postbox, steps
from tests.engine.test_blast_guard import come
from tests.engine.test_notices import MARA, joins, tell
from tests.fakes.smtp import FakeMailServer
from tests.integrations.smtp.certificate import make_certificate
from tests.integrations.smtp.test_channel import letter
from tests.support.kontor import Kontor

HERS, HOST = "hello@beans.example", "smtp.beans.example"
LOGIN = ("beans", "a password of hers")


@dataclass
class Beans:
    """A shop with an account at a mail server of its own, which speaks TLS."""

    kontor: Kontor
    server: FakeMailServer
    post: Postbox

    def typed(self, **other: Any) -> Typed:
        user, password = LOGIN
        told: dict[str, Any] = {"host": HOST, "port": 587, "user": user, "password": password}
        told["sender"] = HERS
        return Typed(**(told | other))

    def tries(self, **other: Any) -> accounts.Tried:
        return accounts.try_out(self.kontor.machine, self.kontor.merchant, self.typed(**other), "Mara")

    def code(self) -> str:
        found = re.search(r"\b\d{6}\b", self.server.accepted[-1].mail["Subject"])
        assert found is not None
        return found[0]

    def proves(self, code: str | None = None) -> Answer:
        return accounts.prove(self.kontor.machine, self.kontor.merchant_id, code or self.code())

    def uses_it(self) -> None:
        assert self.tries() == "sent"
        assert self.proves() == "right"

    def row(self) -> Any:
        (row,) = self.kontor.rows(mail_servers)
        return row

    def got(self) -> list[str]:
        """Who was written to by her own server."""
        return [accepted.to[0] for accepted in self.server.accepted]


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return make_certificate(tmp_path_factory.mktemp("mail"), HOST)


@pytest.fixture
def beans(kontor_on_both: Kontor, certificate: tuple[Path, Path]) -> Iterator[Beans]:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*certificate)
    with FakeMailServer(tls=context, login=LOGIN) as server:
        told: dict[str, Any] = {
            "allow_private_shops": True,
            "extra_ca_file": certificate[0],
            "development_hosts": (f"{HOST}=127.0.0.1:{server.port}",),
            "bounce_address": "bounces@mail.kontor.example",
        }
        for name, value in told.items():
            object.__setattr__(kontor_on_both.machine.config, name, value)
        post = Postbox()
        anew = real_accounts(kontor_on_both.machine.runtime)
        kontor_on_both.machine = replace(kontor_on_both.machine, channel=post, accounts=anew)
        yield Beans(kontor_on_both, server, post)
        let_go(kontor_on_both)


def let_go(kontor: Kontor) -> None:
    """The line that this thread keeps."""
    kept = getattr(kontor.machine.accounts._kept, "line", None)  # type: ignore[union-attr]
    if kept is not None:
        kept[1].close()


def test_only_after_a_mail_to_herself_her_mails_go_out_by_her_server(beans: Beans) -> None:
    come(beans.kontor, 1)
    beans.kontor.forward(hours=2)
    assert (len(beans.post.sent), beans.got()) == (1, [])
    assert beans.tries() == "sent"
    beans.kontor.leave_cart("b@example.com")
    beans.kontor.forward(hours=2)
    assert beans.got() == [HERS], "the code, and nothing else yet"
    assert beans.proves() == "right"
    beans.kontor.leave_cart("c@example.com")
    beans.kontor.forward(hours=2)
    assert beans.got()[1:] == ["c@example.com"]
    accepted = beans.server.accepted[-1]
    assert HERS in str(accepted.mail["From"])
    assert accepted.sender == HERS, "her server takes no other envelope"
    accounts.forget(beans.kontor.machine, beans.kontor.merchant_id)
    beans.kontor.leave_cart("d@example.com")
    beans.kontor.forward(hours=2)
    assert beans.post.sent[-1].to == "d@example.com"
    assert beans.row().password is None


def test_the_password_is_sealed_bound_to_its_row_and_never_written_out(beans: Beans) -> None:
    beans.tries()
    row, vault = beans.row(), beans.kontor.machine.vault
    assert LOGIN[1].encode() not in row.password
    account = accounts.account_of(beans.kontor.machine, row)
    assert account.password == LOGIN[1]
    assert LOGIN[1] not in repr(account) + repr(beans.typed()) + repr(row)
    with pytest.raises(SealBroken):
        vault.open(row.password, accounts.binding(row.merchant_id + 1))


def test_a_wrong_password_is_said_and_nothing_is_kept(beans: Beans) -> None:
    assert beans.tries(password="wrong") == "refused_account"
    assert beans.row().host == ""
    with reading(beans.kontor.machine.db) as session:
        assert accounts.of(session, beans.kontor.merchant_id) is None


def test_what_is_used_goes_on_while_another_account_is_tried_in_vain(beans: Beans) -> None:
    beans.uses_it()
    assert beans.tries(password="wrong") == "refused_account"
    assert beans.row().in_use
    assert accounts.account_of(beans.kontor.machine, beans.row()).password == LOGIN[1]


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "10.0.0.5", "no-such-host.invalid"])
def test_no_private_address_is_called(beans: Beans, host: str) -> None:
    object.__setattr__(beans.kontor.machine.config, "allow_private_shops", False)
    object.__setattr__(beans.kontor.machine.config, "development_hosts", ())
    assert beans.tries(host=host, port=beans.server.port) == "unreachable"
    assert beans.server.connections == 0


def test_without_tls_no_password_is_sent(beans: Beans) -> None:
    with FakeMailServer(login=LOGIN) as plain:
        there = (f"{HOST}=127.0.0.1:{plain.port}",)
        object.__setattr__(beans.kontor.machine.config, "development_hosts", there)
        assert beans.tries() == "unreachable"
        assert plain.accepted == []


def test_a_certificate_of_another_server_is_none(beans: Beans) -> None:
    there = (f"other.example=127.0.0.1:{beans.server.port}",)
    object.__setattr__(beans.kontor.machine.config, "development_hosts", there)
    assert beans.tries(host="other.example") == "unreachable"


def test_nobody_finds_out_passwords_from_here(beans: Beans) -> None:
    told = [beans.tries(password=f"guess {n}") for n in range(12)]
    assert told == ["refused_account"] * 10 + ["too_many"] * 2
    beans.kontor.write(update(mail_servers).values(accounts_since=clock.now() - timedelta(hours=2)))
    assert beans.tries() == "sent"


def test_while_two_servers_take_their_time_no_third_keeps_a_thread(beans: Beans) -> None:
    kontor, answers = beans.kontor, []

    class Slow:
        def send(self, *_: Any) -> str:
            answers.append(beans.tries())
            return "250 taken in the end"

    quick = kontor.machine
    kontor.machine = replace(quick, accounts=Slow())
    assert beans.tries() == "sent"
    assert answers == ["busy", "sent"]
    kontor.machine = quick
    assert beans.tries() == "sent", "the places are free again"


def test_a_code_holds_for_half_an_hour_and_five_tries(beans: Beans) -> None:
    beans.tries()
    code = beans.code()
    wrong = "000000" if code != "000000" else "111111"
    assert [beans.proves(wrong) for _ in range(6)] == ["wrong"] * 5 + ["late"]
    assert beans.proves(code) == "late"
    beans.tries()
    beans.kontor.write(update(mail_servers).values(code_ends_at=clock.now()))
    assert beans.proves() == "late"


def test_while_her_server_refuses_the_account_messages_wait_and_she_is_told(beans: Beans) -> None:
    kontor = beans.kontor
    joins(kontor, MARA)
    beans.uses_it()
    beans.server.login = ("beans", "changed there")
    let_go(kontor)
    come(kontor, 3)
    kontor.forward(hours=2)
    messages = kontor.rows(effects, effects.c.kind == "send_message", effects.c.step == 1)
    assert [(row.state, row.reason) for row in messages] == [("held", "mail_account")] * 3
    assert beans.server.counts.total() == 1, "the code of before"
    assert beans.row().refused_at is not None
    assert kontor.rows(notices)[0].kind == "mail_server"
    tell(kontor)
    assert "your mail server refuses your account" in beans.post.sent[-1].subject
    assert beans.post.sent[-1].to == MARA, "told by the operator's server"
    assert beans.tries(password="changed there") == "sent"
    assert beans.proves() == "right"
    kontor.settle()
    assert len(set(beans.got()[2:])) == 3, "each got it once"
    assert {(state, reason) for step, state, reason in steps(kontor) if step == 1} == {("done", None)}
    tell(kontor)
    assert "your mail server takes your account again" in beans.post.sent[-1].subject


def test_mended_at_her_provider_the_same_account_entered_anew_goes_on_at_once(beans: Beans) -> None:
    beans.uses_it()
    beans.server.login = ("beans", "locked")
    let_go(beans.kontor)
    come(beans.kontor, 1)
    beans.kontor.forward(hours=2)
    assert beans.row().refused_at is not None
    beans.server.login = LOGIN
    beans.uses_it()
    beans.kontor.settle()
    assert beans.row().refused_at is None
    assert len(beans.got()) == 3, "both codes and what was held"


def test_a_refused_account_is_not_tried_with_each_message(beans: Beans) -> None:
    beans.uses_it()
    beans.server.login = ("beans", "changed there")
    let_go(beans.kontor)
    before = beans.server.connections
    come(beans.kontor, 5)
    beans.kontor.forward(hours=2)
    assert beans.server.connections - before <= 2


def test_taken_out_what_was_held_goes_by_the_operators_server(beans: Beans) -> None:
    kontor = beans.kontor
    beans.uses_it()
    beans.server.login = ("beans", "changed there")
    let_go(kontor)
    come(kontor, 2)
    kontor.forward(hours=2)
    assert beans.post.sent == []
    accounts.forget(kontor.machine, kontor.merchant_id)
    kontor.settle()
    assert len(beans.post.sent) == 2


def test_what_is_too_late_by_then_is_left_out_with_the_reason(beans: Beans) -> None:
    kontor = beans.kontor
    beans.uses_it()
    beans.server.login = ("beans", "changed there")
    let_go(kontor)
    come(kontor, 1)
    kontor.forward(days=5)
    accounts.forget(kontor.machine, kontor.merchant_id)
    kontor.settle()
    assert [(state, reason) for step, state, reason in steps(kontor) if step == 1] == [("skipped", "expired")]
    assert beans.post.sent == []


def test_what_was_held_at_the_very_moment_goes_on_too(beans: Beans) -> None:
    kontor = beans.kontor
    come(kontor, 1)
    held = {"state": "held", "reason": "mail_account", "wake_at": None}
    kontor.write(update(effects).where(effects.c.step == 1).values(**held))
    accounts.let_go_on(kontor.machine)
    kontor.settle()
    assert len(beans.post.sent) == 1


def test_a_server_that_is_away_is_tried_again_and_keeps_the_account(beans: Beans) -> None:
    kontor = beans.kontor
    beans.uses_it()
    let_go(kontor)
    beans.server.always = "421_at_mail"
    come(kontor, 1)
    kontor.forward(hours=1, minutes=10)
    first = [(state, reason) for step, state, reason in steps(kontor) if step == 1]
    assert first == [("pending", "provider_busy")]
    assert beans.row().refused_at is None
    beans.server.always = None
    kontor.forward(hours=2)
    assert beans.got()[1:] == ["guest-0@example.com"]


def test_a_test_to_herself_goes_the_same_way(beans: Beans) -> None:
    beans.uses_it()
    message = letter(to=MARA)
    assert trial_mails._tried(beans.kontor.machine, beans.kontor.merchant, message) == "sent"
    assert beans.got()[-1] == MARA


def test_a_hosted_sandbox_writes_to_no_server_of_strangers(beans: Beans) -> None:
    machine = replace(beans.kontor.machine, own_channels={"sandbox": beans.post})
    assert not machine.may_have_account("sandbox")
    assert machine.may_have_account("other")


def test_a_server_with_ever_more_addresses_keeps_nobody_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever owns the name says how many addresses it has, and none need answer."""
    passed = 0.0

    def nobody(_place: tuple[str, int], timeout: float) -> None:
        nonlocal passed
        passed += timeout
        raise TimeoutError

    monkeypatch.setattr(network, "resolved", lambda *_: [f"9.9.9.{n}" for n in range(200)])
    monkeypatch.setattr("core.network.socket.create_connection", nobody)
    monkeypatch.setattr("core.network.time.monotonic", lambda: passed)
    with pytest.raises(TimeoutError):
        network.connected("smtp.beans.example", 587, 15.0, allow_private=False)
    assert passed <= 15
