"""The closed family of errors; each says what happens next and who must act."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class Refusal:
    """What came instead of success; `body` is its beginning. It may be
    personal: it is for the code that knows the platform, never for a log."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


class KontorError(Exception):
    """The base of our own errors, so that nothing else is caught by mistake."""

    refusal: Refusal | None = None


class WebhookRejected(KontorError):
    """The door says no; the sender must act.

    `status` is the HTTP status to answer with: 401, 404 or 413.
    """

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status


class Unreadable(KontorError):
    """A stored webhook broke its promise; it is kept and can be replayed."""


class NeedsMerchant(KontorError):
    """Nothing goes on until the merchant mends the connection."""


class AccountRefused(NeedsMerchant):
    """The merchant's own mail server refuses her user, password or sender."""


class Retryable(KontorError):
    """It surely did not happen and may be tried again after `after`."""

    def __init__(self, why: str, after: timedelta | None = None) -> None:
        super().__init__(why)
        self.after = after


class TimedOut(Retryable):
    """The other side did not answer in time; three in a row rest its host."""


class Permanent(KontorError):
    """It surely did not happen and never will."""


class AddressRefused(Permanent):
    """The address is none, or none any more: nothing ever reaches it."""


class InDoubt(KontorError):
    """The call went out and no answer came; the provider cannot be asked.

    The effect becomes `unknown`, counts as sent and is never sent blind.
    """
