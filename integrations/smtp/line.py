"""One open line to the mail server, and how it is opened."""

import contextlib
import math
import smtplib
import socket
import ssl
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import unquote, urlsplit

from core.config import Config
from core.errors import AccountRefused, Retryable
from core.network import ForbiddenAddress, connected
from integrations.roles import MailAccount

TIMEOUT_SECONDS = 30.0
MERCHANT_TIMEOUT_SECONDS = 15.0
TLS_PORT = 465
MOST_MESSAGES = 100
MOST_IDLE_SECONDS = 30.0
LONGEST_SECONDS = 120.0
CHECK_AFTER_IDLE_SECONDS = 5.0


@dataclass(frozen=True)
class Guard:
    """For a server that a merchant has named: it must be at a public address,
    and no line to it lasts longer than so many seconds, however slowly it answers."""

    allow_private: bool
    hosts: Sequence[str]
    longest: float = LONGEST_SECONDS


@dataclass(frozen=True)
class MailServer:
    """Where mail goes, as SMTP_URL and its companions say."""

    host: str
    port: int
    user: str | None
    password: str | None
    tls_from_start: bool
    starttls: Literal["required", "optional", "never"]
    our_name: str
    extra_ca: Path | None
    timeout: float = TIMEOUT_SECONDS
    guard: Guard | None = None

    @classmethod
    def of(cls, config: Config) -> "MailServer":
        url = urlsplit(config.smtp_url or "")
        secure = url.scheme == "smtps"
        return cls(
            host=url.hostname or "",
            port=url.port or (TLS_PORT if secure else 587),
            user=unquote(url.username) if url.username else None,
            password=unquote(url.password) if url.password else None,
            tls_from_start=secure,
            starttls=config.smtp_starttls,
            our_name=urlsplit(config.app_url).hostname or "localhost",
            extra_ca=config.extra_ca_file,
        )

    @classmethod
    def of_merchant(cls, config: Config, account: MailAccount) -> "MailServer":
        """Her password goes over a proven line or not at all."""
        return cls(
            host=account.host,
            port=account.port,
            user=account.user,
            password=account.password,
            tls_from_start=account.port == TLS_PORT,
            starttls="required",
            our_name=urlsplit(config.app_url).hostname or "localhost",
            extra_ca=config.extra_ca_file,
            timeout=MERCHANT_TIMEOUT_SECONDS,
            guard=Guard(config.allow_private_shops, config.development_hosts),
        )

    @property
    def must_be_secret(self) -> bool:
        """A password goes over a proven line, unless the operator says never."""
        return self.starttls == "required" or (self.user is not None and self.starttls == "optional")


class Line:
    """A connection kept open for one thread."""

    def __init__(self, smtp: smtplib.SMTP, longest: float | None = None) -> None:
        self.smtp = smtp
        # Half of what it may last is left for the message that is begun last.
        self._until = math.inf if longest is None else time.monotonic() + longest / 2
        self.messages = 0
        self._used_at = time.monotonic()

    @classmethod
    def open(cls, server: MailServer) -> "Line":
        """Raises Retryable: whatever is wrong here is the operator's to mend; of a
        merchant's own account AccountRefused, where only she can."""
        smtp = _connected(server)
        try:
            _secured(smtp, server)
            if server.user is not None:
                smtp.login(server.user, server.password or "")
        except smtplib.SMTPAuthenticationError as error:
            _hang_up(smtp)
            why = f"the mail server refused our user or password: {error.smtp_code}"
            raise _whose(server, why, permanent=error.smtp_code >= 500) from None
        except smtplib.SMTPNotSupportedError:
            _hang_up(smtp)
            raise _whose(server, "the mail server offers no way to sign in", permanent=True) from None
        except (smtplib.SMTPException, OSError) as error:
            _hang_up(smtp)
            raise Retryable(f"the mail server ended the greeting: {type(error).__name__}") from error
        except Retryable:
            _hang_up(smtp)
            raise
        return cls(smtp, server.guard.longest if server.guard else None)

    def used(self) -> None:
        self.messages += 1
        self._used_at = time.monotonic()

    def is_fresh(self) -> bool:
        """Whether one more message may go over this line. After a pause the
        server is asked; within a run of messages MAIL FROM finds out itself."""
        idle = time.monotonic() - self._used_at
        if self.messages >= MOST_MESSAGES or idle >= MOST_IDLE_SECONDS or time.monotonic() > self._until:
            return False
        return idle < CHECK_AFTER_IDLE_SECONDS or self._answers()

    def close(self) -> None:
        """Say goodbye where the line still stands; close it in any case."""
        with contextlib.suppress(smtplib.SMTPException, OSError):
            self.smtp.quit()
        self.smtp.close()

    def drop(self) -> None:
        """Close without a word: the server may be in the middle of a message."""
        self.smtp.close()

    def _answers(self) -> bool:
        try:
            return self.smtp.noop()[0] == 250
        except (smtplib.SMTPException, OSError):
            return False


def _whose(server: MailServer, why: str, *, permanent: bool) -> Retryable | AccountRefused:
    return AccountRefused(why) if server.guard and permanent else Retryable(why)


class _Checked(smtplib.SMTP):
    """Connects to the address it has checked, and is cut off in the end."""

    guard: Guard
    _cut: tuple[threading.Timer, socket.socket] | None = None

    def __init__(self, server: MailServer, guard: Guard) -> None:
        self.guard = guard
        super().__init__(server.host, server.port, local_hostname=server.our_name, timeout=server.timeout)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        known = self.guard
        line = connected(host, port, timeout, allow_private=known.allow_private, hosts=known.hosts)
        # A second handle of the line, which TLS may wrap meanwhile.
        handle = line.dup()
        timer = threading.Timer(known.longest, _cut_off, (handle,))
        timer.daemon = True
        timer.start()
        self._cut = (timer, handle)
        return line

    def close(self) -> None:
        if self._cut is not None:
            self._cut[0].cancel()
            self._cut[1].close()
        super().close()


class _CheckedByTls(_Checked):
    """TLS from the first byte."""

    default_port = TLS_PORT

    def __init__(self, server: MailServer, guard: Guard) -> None:
        self._context = _context(server, prove=True)
        super().__init__(server, guard)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        line = super()._get_socket(host, port, timeout)
        try:
            return self._context.wrap_socket(line, server_hostname=host)
        except OSError:
            line.close()
            self.close()
            raise


def _cut_off(line: socket.socket) -> None:
    with contextlib.suppress(OSError):
        line.shutdown(socket.SHUT_RDWR)
    line.close()


def _guarded(server: MailServer, guard: Guard) -> smtplib.SMTP:
    return _CheckedByTls(server, guard) if server.tls_from_start else _Checked(server, guard)


def _connected(server: MailServer) -> smtplib.SMTP:
    try:
        if server.guard is not None:
            return _guarded(server, server.guard)
        if server.tls_from_start:
            return smtplib.SMTP_SSL(
                server.host,
                server.port,
                local_hostname=server.our_name,
                timeout=server.timeout,
                context=_context(server, prove=True),
            )
        return smtplib.SMTP(server.host, server.port, local_hostname=server.our_name, timeout=server.timeout)
    except smtplib.SMTPResponseException as error:
        raise Retryable(f"the mail server does not take mail now: {error.smtp_code}") from None
    except (smtplib.SMTPException, OSError, ForbiddenAddress, UnicodeError) as error:
        raise Retryable(f"the mail server can't be reached: {type(error).__name__}") from error


def _secured(smtp: smtplib.SMTP, server: MailServer) -> None:
    smtp.ehlo_or_helo_if_needed()
    if server.tls_from_start or server.starttls == "never":
        return
    if smtp.has_extn("starttls"):
        smtp.starttls(context=_context(server, prove=server.must_be_secret))
        smtp.ehlo_or_helo_if_needed()
    elif server.must_be_secret:
        raise Retryable("the mail server offers no TLS; SMTP_STARTTLS=never would send in the clear")


def _context(server: MailServer, *, prove: bool) -> ssl.SSLContext:
    """Where TLS is optional an unproven certificate is still better than none."""
    context = ssl.create_default_context()
    if server.extra_ca:
        context.load_verify_locations(server.extra_ca)
    if not prove:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _hang_up(smtp: smtplib.SMTP) -> None:
    smtp.close()
