"""Mail by merchants' own accounts: each thread keeps the line of the account it sent by last."""

import threading
import time

from core.config import Config
from core.errors import AccountRefused
from integrations.roles import MailAccount, Message
from integrations.smtp.channel import SmtpChannel

# A server that has refused an account is not asked again at once: it may lock it.
REST_SECONDS = 300.0
MOST_REMEMBERED = 1000


class SmtpAccounts:
    """A merchant's rows are sent one after the other, so one line a thread is enough."""

    key = "smtp"

    def __init__(self, config: Config) -> None:
        self._config = config
        self._kept = threading.local()
        self._refused: dict[MailAccount, float] = {}

    def send(self, message: Message, merchant_id: int, account: MailAccount) -> str:
        if self._refused.get(account, -REST_SECONDS) > time.monotonic() - REST_SECONDS:
            raise AccountRefused("the mail server has just refused this account")
        try:
            return self._channel(account).send(message, merchant_id)
        except AccountRefused:
            self._remember(account)
            raise

    def _channel(self, account: MailAccount) -> SmtpChannel:
        kept: tuple[MailAccount, SmtpChannel] | None = getattr(self._kept, "line", None)
        if kept is not None and kept[0] == account:
            return kept[1]
        if kept is not None:
            kept[1].close()
        channel = SmtpChannel(self._config, account)
        self._kept.line = (account, channel)
        return channel

    def _remember(self, account: MailAccount) -> None:
        if len(self._refused) >= MOST_REMEMBERED:
            self._refused.clear()
        self._refused[account] = time.monotonic()
