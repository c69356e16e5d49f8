"""Structured logs: one JSON line each, with merchant and effect, and nothing personal.

Whoever works for a merchant says so once, and every line written meanwhile
carries it, also those of the libraries:

    with log.about(merchant=7, effect=12, job="act"):
        log.get(__name__).info("settled", state="done")
"""

import logging
import re
import sys
from collections.abc import Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from typing import Any

import structlog
from structlog.typing import FilteringBoundLogger, Processor

from core.config import Config

HIDDEN = "[hidden]"
CHATTY = ("httpx2", "httpcore2", "sqlalchemy.engine", "alembic", "urllib3", "huey")
OWN_HANDLERS = ("gunicorn.error", "gunicorn.access", "huey", "huey.consumer")
SECRET_NAMES = re.compile(
    r"(?i)(token|secret|password|passwd|authorization|cookie|api_?key|access_?key|signature|hmac|credential)"
)
ADDRESS = re.compile(r"[^\s@<>\"'(),:;=]+@[^\s@<>\"'(),:;=]+")
TOKEN = re.compile(
    r"(?i)\b(?:sh[a-z]+_[0-9a-z]{16,}|c[ks]_[0-9a-z]{16,}|bearer\s+\S+|basic\s+[\w+/=]{8,}"
    r"|eyJ[\w-]+\.[\w-]+\.[\w-]*)"
)
PARAMETER = re.compile(r"(?i)\b([\w.-]*(?:token|secret|password|key|hmac|signature|code)[\w.-]*)=[^&\s\"']+")
LOGIN = re.compile(r"://[^/\s@]+@")
# A number to be rung begins with a plus or a zero and may have blanks, slashes, brackets and dashes inside.
PHONE = re.compile(r"(?<![\w.:-])(?:\+|\(0|0(?!\.))[\s()/-]{0,2}\d(?:[\s()./-]{0,3}\d){5,13}(?![\w:-]|\.\d)")


def set_up(config: Config) -> None:
    """Route structlog and the standard library's logs to stderr, each line once."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
    )
    handler = _Stderr()
    handler.setFormatter(_formatter(shared))
    _route(config.log_level.upper(), handler)
    logging.captureWarnings(True)


def get(name: str) -> FilteringBoundLogger:
    logger: FilteringBoundLogger = structlog.get_logger(name)
    return logger


@contextmanager
def about(**ids: int | str) -> Iterator[None]:
    """Ids for every line written inside; what was said outside is back afterwards."""
    with structlog.contextvars.bound_contextvars(**ids):
        yield


def forget() -> None:
    """A request or a job begins and knows nothing of the one before."""
    structlog.contextvars.clear_contextvars()


def redact(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """The last step before a line is written; it sees tracebacks as well."""
    for name, value in event.items():
        event[name] = HIDDEN if SECRET_NAMES.search(name) else _clean(value)
    return event


def redacted(text: str) -> str:
    """`text` without addresses, phone numbers and secrets."""
    text = LOGIN.sub(f"://{HIDDEN}@", text)
    text = PARAMETER.sub(rf"\1={HIDDEN}", text)
    for pattern in (TOKEN, ADDRESS, PHONE):
        text = pattern.sub(lambda found: found[0] if HIDDEN in found[0] else HIDDEN, text)
    return text


def _clean(value: object) -> object:
    match value:
        case bool() | int() | float() | None:
            return value
        case Mapping():
            return {k: HIDDEN if SECRET_NAMES.search(str(k)) else _clean(v) for k, v in value.items()}
        case list() | tuple() | set() | frozenset():
            return [_clean(part) for part in value]
        case _:
            return redacted(str(value))


class _Stderr(logging.Handler):
    """Writes to whatever is stderr at the moment, so that who captures it is heard."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            sys.stderr.write(self.format(record) + "\n")
        except Exception:  # noqa: BLE001 - Logging must not end the work; handleError tells of it.
            self.handleError(record)


def _route(level: str, handler: logging.Handler) -> None:
    """What the libraries say arrives here; gunicorn and huey lose handlers of their own."""
    root = logging.getLogger()
    for former in [former for former in root.handlers if isinstance(former, _Stderr)]:
        root.removeHandler(former)
    root.addHandler(handler)
    root.setLevel(level)
    for name in OWN_HANDLERS:
        logging.getLogger(name).handlers.clear()
        logging.getLogger(name).propagate = True
    for name in CHATTY:
        logging.getLogger(name).setLevel(logging.WARNING)


def _formatter(shared: list[Processor]) -> structlog.stdlib.ProcessorFormatter:
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            structlog.processors.StackInfoRenderer(),
            redact,
            structlog.processors.JSONRenderer(default=str),
        ],
    )
