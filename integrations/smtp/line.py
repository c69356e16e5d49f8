"""One open line to the mail server, and how it is opened."""

import contextlib
import smtplib
import ssl
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import unquote, urlsplit

from core.config import Config
from core.errors import Retryable

TIMEOUT_SECONDS = 30.0
MOST_MESSAGES = 100
MOST_IDLE_SECONDS = 30.0
CHECK_AFTER_IDLE_SECONDS = 5.0


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

    @classmethod
    def of(cls, config: Config) -> "MailServer":
        url = urlsplit(config.smtp_url or "")
        secure = url.scheme == "smtps"
        return cls(
            host=url.hostname or "",
            port=url.port or (465 if secure else 587),
            user=unquote(url.username) if url.username else None,
            password=unquote(url.password) if url.password else None,
            tls_from_start=secure,
            starttls=config.smtp_starttls,
            our_name=urlsplit(config.app_url).hostname or "localhost",
            extra_ca=config.extra_ca_file,
        )

    @property
    def must_be_secret(self) -> bool:
        """A password goes over a proven line, unless the operator says never."""
        return self.starttls == "required" or (self.user is not None and self.starttls == "optional")


class Line:
    """A connection kept open for one thread."""

    def __init__(self, smtp: smtplib.SMTP) -> None:
        self.smtp = smtp
        self.messages = 0
        self._used_at = time.monotonic()

    @classmethod
    def open(cls, server: MailServer) -> "Line":
        """Raises Retryable: whatever is wrong here is the operator's to mend."""
        smtp = _connected(server)
        try:
            _secured(smtp, server)
            if server.user is not None:
                smtp.login(server.user, server.password or "")
        except smtplib.SMTPAuthenticationError as error:
            _hang_up(smtp)
            raise Retryable(f"the mail server refused our user or password: {error.smtp_code}") from None
        except smtplib.SMTPNotSupportedError:
            _hang_up(smtp)
            raise Retryable("the mail server offers no way to sign in") from None
        except (smtplib.SMTPException, OSError) as error:
            _hang_up(smtp)
            raise Retryable(f"the mail server ended the greeting: {type(error).__name__}") from error
        except Retryable:
            _hang_up(smtp)
            raise
        return cls(smtp)

    def used(self) -> None:
        self.messages += 1
        self._used_at = time.monotonic()

    def is_fresh(self) -> bool:
        """Whether one more message may go over this line. After a pause the
        server is asked; within a run of messages MAIL FROM finds out itself."""
        idle = time.monotonic() - self._used_at
        if self.messages >= MOST_MESSAGES or idle >= MOST_IDLE_SECONDS:
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


def _connected(server: MailServer) -> smtplib.SMTP:
    try:
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
    except (smtplib.SMTPException, OSError) as error:
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
