"""What a shop reminds its customers of by itself, beside us: two that write
about one cart are one message too many."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

# In English, in German.
Words = tuple[str, str]


@dataclass(frozen=True, slots=True)
class OwnMail:
    """`where` leads to the place at which it is switched off; `certain` tells
    whether it is known to be there, or only may be."""

    title: Words
    where: Words
    certain: bool


# From what is kept with the connection.
OwnMails = Callable[[Mapping[str, str]], tuple[OwnMail, ...]]
