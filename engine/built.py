"""INSERTs that know ON CONFLICT, built once for each database."""

from collections.abc import Callable
from typing import Any

from sqlalchemy.orm import Session

from core.db import dialect_of


class BuiltOnce:
    """What `build` makes of a session's dialect; made when first wanted.
    Building a statement costs as much again as running it."""

    def __init__(self, build: Callable[[Session], Any]) -> None:
        self._build = build
        self._built: dict[str, Any] = {}

    def __call__(self, session: Session) -> Any:
        dialect = dialect_of(session)
        if dialect not in self._built:
            self._built[dialect] = self._build(session)
        return self._built[dialect]
