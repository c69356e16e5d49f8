"""What the mail server answers decides what happens to the message next."""

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from core.config import read_config
from core.errors import AddressRefused, InDoubt, Permanent, Retryable
from core.runtime import Runtime
from integrations import channel_for
from integrations.roles import Message
from integrations.smtp.channel import SmtpChannel
from tests.fakes.smtp import FakeMailServer, Fault
from tests.integrations.smtp.certificate import make_certificate

Connect = Callable[..., SmtpChannel]


def letter(number: int = 1, to: str = "anna@example.org", text: str = "Hello\n") -> Message:
    return Message(
        key=f"effect-{number}",
        message_id=f"<effect-{number}@kontor.test>",
        sender_name="Tee & Töpfe",
        sender_address="post@kontor.test",
        to=to,
        subject="Ihr Warenkorb",
        html="<p>Grüße</p>",
        text=text,
    )


@pytest.fixture(params=[False, True], ids=["in turn", "at once"])
def server(request: pytest.FixtureRequest) -> Iterator[FakeMailServer]:
    """One that takes commands one by one, and one that takes several at once."""
    with FakeMailServer(pipelining=request.param) as running:
        yield running


@pytest.fixture
def connect() -> Iterator[Connect]:
    """Makes channels whose patience is short; closes them at the end."""
    made: list[SmtpChannel] = []

    def channel_to(url: str, timeout: float = 5.0, **settings: str) -> SmtpChannel:
        config = read_config({"SMTP_URL": url} | {name.upper(): value for name, value in settings.items()})
        channel = SmtpChannel(config)
        channel._server = replace(channel._server, timeout=timeout)
        made.append(channel)
        return channel

    yield channel_to
    for channel in made:
        channel.close()


def test_a_message_arrives_as_it_was_written(server: FakeMailServer, connect: Connect) -> None:
    answer = connect(server.url).send(letter(), 1)

    [mail] = [accepted.mail for accepted in server.accepted]
    assert mail["From"] == "Tee & Töpfe <post@kontor.test>"
    assert mail["Subject"] == "Ihr Warenkorb"
    html = mail.get_body(("html",))
    assert html is not None
    assert html.get_content().strip() == "<p>Grüße</p>"
    assert answer == "2.0.0 OK: queued as 1"
    assert server.accepted[0].to == ("anna@example.org",)


def test_a_line_with_a_single_dot_does_not_end_the_message(server: FakeMailServer, connect: Connect) -> None:
    connect(server.url).send(letter(text=".\n..\n.three\nend\n"), 1)

    text = server.accepted[0].mail.get_body(("plain",))
    assert text is not None
    assert text.get_content().split() == [".", "..", ".three", "end"]


def test_many_messages_go_over_one_line(server: FakeMailServer, connect: Connect) -> None:
    channel = connect(server.url)
    for number in range(5):
        channel.send(letter(number), 1)

    assert len(server.accepted) == 5
    assert server.connections == 1


def test_a_line_is_renewed_after_a_hundred_messages(server: FakeMailServer, connect: Connect) -> None:
    channel = connect(server.url)
    channel.send(letter(0), 1)
    channel._lines[threading.current_thread()].messages = 100
    channel.send(letter(1), 1)

    assert server.connections == 2


@pytest.mark.parametrize("idle", [6.0, 31.0])
def test_a_line_that_idled_is_asked_or_renewed(server: FakeMailServer, connect: Connect, idle: float) -> None:
    channel = connect(server.url)
    channel.send(letter(0), 1)
    channel._lines[threading.current_thread()]._used_at -= idle
    channel.send(letter(1), 1)

    assert len(server.accepted) == 2
    assert server.connections == (1 if idle < 30 else 2)


def test_each_thread_has_its_own_line_and_dead_threads_keep_none(
    server: FakeMailServer, connect: Connect
) -> None:
    channel = connect(server.url)
    for number in range(3):
        thread = threading.Thread(target=channel.send, args=(letter(number), 1))
        thread.start()
        thread.join()

    assert len(server.accepted) == 3
    assert len(channel._lines) == 1


def test_a_line_the_server_closed_meanwhile_is_opened_anew(server: FakeMailServer, connect: Connect) -> None:
    channel = connect(server.url)
    channel.send(letter(1), 1)
    server.hang_up()
    channel.send(letter(2), 1)

    assert server.counts == {"<effect-1@kontor.test>": 1, "<effect-2@kontor.test>": 1}


@pytest.mark.parametrize("fault", ["421_at_mail", "drop_at_mail", "drop_at_rcpt"])
def test_a_kept_line_that_ends_early_costs_nothing(
    server: FakeMailServer, connect: Connect, fault: Fault
) -> None:
    channel = connect(server.url)
    channel.send(letter(1), 1)
    server.faults.append(fault)
    channel.send(letter(2), 1)

    assert server.counts["<effect-2@kontor.test>"] == 1
    assert server.connections == 2


@pytest.mark.parametrize(
    "fault", ["450_at_rcpt", "451_after_data", "421_at_mail", "553_at_mail", "drop_at_mail", "drop_at_rcpt"]
)
def test_a_passing_refusal_is_tried_again_later(
    server: FakeMailServer, connect: Connect, fault: Fault
) -> None:
    channel = connect(server.url)
    server.always = fault
    with pytest.raises(Retryable):
        channel.send(letter(1), 1)
    assert server.accepted == []

    server.always = None
    channel.send(letter(1), 1)
    assert server.counts == {"<effect-1@kontor.test>": 1}


@pytest.mark.parametrize("fault", ["550_at_rcpt", "552_after_data", "554_after_data"])
def test_a_refusal_for_good_is_one_and_the_line_stays(
    server: FakeMailServer, connect: Connect, fault: Fault
) -> None:
    channel = connect(server.url)
    server.faults.append(fault)
    with pytest.raises(Permanent, match=fault[:3]):
        channel.send(letter(1), 1)
    channel.send(letter(2), 1)

    assert server.counts == {"<effect-2@kontor.test>": 1}
    assert server.connections == 1


@pytest.mark.parametrize(
    ("fault", "arrived"),
    [("drop_after_accepting", 1), ("drop_before_accepting", 0), ("nonsense_after_data", 0)],
)
def test_a_line_cut_before_the_last_answer_leaves_doubt(
    server: FakeMailServer, connect: Connect, fault: Fault, arrived: int
) -> None:
    channel = connect(server.url)
    channel.send(letter(0), 1)
    server.faults.append(fault)
    with pytest.raises(InDoubt):
        channel.send(letter(1), 1)

    assert server.counts["<effect-1@kontor.test>"] == arrived
    channel.send(letter(2), 1)
    assert server.counts["<effect-2@kontor.test>"] == 1


def test_a_server_that_takes_the_message_and_falls_silent_leaves_doubt(
    server: FakeMailServer, connect: Connect
) -> None:
    server.delay = 1.0
    with pytest.raises(InDoubt):
        connect(server.url, timeout=0.2).send(letter(), 1)


def test_a_slow_server_is_waited_for(server: FakeMailServer, connect: Connect) -> None:
    server.delay = 0.2
    connect(server.url).send(letter(), 1)
    assert len(server.accepted) == 1


def test_nobody_listening_is_tried_again_later(server: FakeMailServer, connect: Connect) -> None:
    server.refuse_connections()
    with pytest.raises(Retryable, match="can't be reached"):
        connect(server.url).send(letter(), 1)


@pytest.mark.parametrize("greeting", [b"421 too busy\r\n", b"554 go away\r\n", b"220 hi\r\n"])
def test_a_greeting_that_comes_to_nothing_is_tried_again_later(connect: Connect, greeting: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def greet() -> None:
            line, _ = listening.accept()
            with line:
                line.sendall(greeting)

        thread = threading.Thread(target=greet)
        thread.start()
        with pytest.raises(Retryable):
            connect(f"smtp://127.0.0.1:{listening.getsockname()[1]}").send(letter(), 1)
        thread.join()


def test_no_refusal_repeats_an_address(server: FakeMailServer, connect: Connect) -> None:
    channel = connect(server.url)
    for fault in ("450_at_rcpt", "550_at_rcpt", "553_at_mail"):
        server.faults.append(fault)
        with pytest.raises((Retryable, Permanent)) as refused:
            channel.send(letter(), 1)
        assert "@" not in str(refused.value)


def test_an_impossible_address_is_refused_before_any_line_is_opened(
    server: FakeMailServer, connect: Connect
) -> None:
    with pytest.raises(Permanent):
        connect(server.url).send(letter(to="anna@example.org>\r\nRCPT TO:<eve@example.org"), 1)
    assert server.connections == 0


def test_the_right_password_signs_in_and_the_wrong_one_is_the_operators_to_mend(connect: Connect) -> None:
    with FakeMailServer(login=("shop", "p@ss word")) as server:
        right = f"smtp://shop:p%40ss%20word@127.0.0.1:{server.port}"
        connect(right, smtp_starttls="never").send(letter(), 1)
        with pytest.raises(Retryable, match="user or password: 535"):
            connect(right.replace("p%40ss", "wrong"), smtp_starttls="never").send(letter(2), 1)
        with pytest.raises(Retryable, match="refused the sender: 530"):
            connect(server.url).send(letter(3), 1)
    assert server.counts == {"<effect-1@kontor.test>": 1}


def test_a_password_is_not_sent_in_the_clear_unasked(server: FakeMailServer, connect: Connect) -> None:
    with pytest.raises(Retryable, match="no TLS"):
        connect(f"smtp://shop:secret@127.0.0.1:{server.port}").send(letter(), 1)


def test_starttls_trusts_the_authority_in_extra_ca_file_and_no_unknown_one(
    connect: Connect, tmp_path: Path
) -> None:
    certificate, key = make_certificate(tmp_path)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    with FakeMailServer(tls=context) as server:
        trusted = connect(server.url, smtp_starttls="required", extra_ca_file=str(certificate))
        trusted.send(letter(1), 1)
        assert isinstance(trusted._lines[threading.current_thread()].smtp.sock, ssl.SSLSocket)
        with pytest.raises(Retryable):
            connect(server.url, smtp_starttls="required").send(letter(2), 1)
        connect(server.url, smtp_starttls="optional").send(letter(3), 1)
    assert sorted(server.counts) == ["<effect-1@kontor.test>", "<effect-3@kontor.test>"]


def test_a_mail_server_cannot_tell_what_was_sent(server: FakeMailServer, connect: Connect) -> None:
    assert connect(server.url).was_sent("effect-1", 1) is None


def test_a_mail_server_that_is_set_is_used(tmp_path: Path) -> None:
    config = read_config({"DATABASE_URL": f"sqlite:///{tmp_path}/kontor.db"} | {"KONTOR_ENV": "development"})
    runtime = Runtime.open(config.model_copy(update={"smtp_url": "smtp://127.0.0.1:2525"}))
    assert channel_for(runtime).key == "smtp"


class OddServer:
    """Takes several commands at once, refuses one of them and the text not."""

    def __init__(self, mail: bytes, rcpt: bytes) -> None:
        self._answers = {b"MAIL": mail, b"RCPT": rcpt}
        self.texts: list[tuple[bytes, bytes]] = []
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"smtp://127.0.0.1:{self._listening.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                line, _ = self._listening.accept()
            except OSError:
                return
            with line, line.makefile("rwb") as talk:
                self._talk(talk)

    def _talk(self, talk: Any) -> None:
        accepted = b""
        self._say(talk, b"220 odd")
        while command := talk.readline():
            verb = command[:4].upper()
            if verb == b"RCPT" and self._answers[verb].startswith(b"250"):
                accepted = command
            if verb == b"DATA":
                self._say(talk, b"354 go on")
                self.texts.append((accepted, self._text(talk)))
                self._say(talk, b"250 taken" if accepted else b"554 for nobody")
                accepted = b""
            else:
                self._say(talk, self._answers.get(verb, b"250-odd\r\n250 PIPELINING"))

    def _text(self, talk: Any) -> bytes:
        found = b""
        while (line := talk.readline()) not in (b".\r\n", b""):
            found += line
        return bytes(found) if line else b"broken off"

    def _say(self, talk: Any, answer: bytes) -> None:
        with contextlib.suppress(OSError):
            talk.write(answer + b"\r\n")
            talk.flush()

    def close(self) -> None:
        self._listening.close()


def test_nobody_gets_an_empty_mail_because_a_server_takes_a_text_it_has_refused(connect: Connect) -> None:
    odd = OddServer(mail=b"550 5.7.1 not from you", rcpt=b"250 ok")
    with pytest.raises(Retryable):
        connect(odd.url, smtp_starttls="never").send(letter(), merchant_id=1)
    odd.close()
    assert [text for to, text in odd.texts if to and text != b"broken off"] == []


def test_a_recipient_refused_by_such_a_server_is_refused_for_good(connect: Connect) -> None:
    odd = OddServer(mail=b"250 ok", rcpt=b"550 5.1.1 nobody here")
    with pytest.raises(AddressRefused):
        connect(odd.url, smtp_starttls="never").send(letter(), merchant_id=1)
    odd.close()
    assert odd.texts == [(b"", b"")]


@pytest.mark.parametrize("said", [b"550 5.7.1 blocked", b"550 nobody here", b"554 5.7.1 policy"])
def test_a_server_that_refuses_us_says_nothing_of_the_address(connect: Connect, said: bytes) -> None:
    odd = OddServer(mail=b"250 ok", rcpt=said)
    with pytest.raises(Permanent) as refused:
        connect(odd.url, smtp_starttls="never").send(letter(), merchant_id=1)
    odd.close()
    assert not isinstance(refused.value, AddressRefused)


def test_a_server_that_asks_to_come_again_has_not_refused_the_address(connect: Connect) -> None:
    odd = OddServer(mail=b"250 ok", rcpt=b"450 5.1.1 not now")
    with pytest.raises(Retryable):
        connect(odd.url, smtp_starttls="never").send(letter(), merchant_id=1)
    odd.close()


def test_it_comes_back_to_an_address_of_its_own_and_is_from_the_shop_all_the_same(
    server: FakeMailServer, connect: Connect
) -> None:
    message = replace(letter(), returns_to="bounces+1-2-3-abc@mail.kontor.example")
    connect(server.url).send(message, 1)
    (accepted,) = server.accepted
    assert accepted.sender == "bounces+1-2-3-abc@mail.kontor.example"
    assert letter().sender_address in accepted.mail["From"]
