"""What an Admin must do: a platform in whose own pages ours are shown in a frame.

Cookies do not reach into the frame, so every page proves by itself who looks at it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from integrations.live import Tokens
from integrations.roles import Response


@dataclass(frozen=True, slots=True)
class Visit:
    """A page asked for, on plain types; header names are lower-case, `form` is what was posted."""

    method: str
    path: str
    query: Sequence[tuple[str, str]] = ()
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    form: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Viewer:
    """Somebody proven to be signed in to the admin of `shop`; `user` is the
    platform's own number of her, `proof` what she came with."""

    shop: str
    user: str
    proof: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Unproven:
    """A proof that is none; "stale" ones are worth asking for anew."""

    why: Literal["stale", "worthless"]


@dataclass(frozen=True, slots=True)
class Granted:
    """What the browser brings back from the grant screen: signed, and good once."""

    shop: str
    state: str
    code: str = field(repr=False)


class Admin(Protocol):
    """One platform's. Raises as LiveShop does where it asks the platform."""

    key: str
    title: str
    # Names of the query and the form that one page load brings its proof by.
    proof_name: str
    # The scripts' source in a page's policy.
    scripts: str
    # Where a merchant gets the app; None where the operator names no such place.
    listing: str | None

    def viewer(self, visit: Visit) -> Viewer | Unproven | None:
        """Who looks; None where the visit brings no proof at all."""
        ...

    def carried(self, visit: Visit, viewer: Viewer) -> Mapping[str, str]:
        """Parameters every link inside the frame must carry."""
        ...

    def again(self, visit: Visit, shop: str | None) -> Response | None:
        """How to ask for a page with a fresh proof: inside the frame at once,
        outside by going into the admin. None where no admin is known to go to."""
        ...

    def tokens(self, viewer: Viewer) -> Tokens | None:
        """A token for work without her; None where the proof is too old for that."""
        ...

    def head(self) -> str:
        """What the head of each page in the frame begins with."""
        ...

    def ancestors(self, shop: str) -> str:
        """Who may frame a page of this shop, as the policy says it."""
        ...

    def inside(self, shop: str, path: str) -> str:
        """The address of our page inside the shop's admin."""
        ...

    def patch_page(self, visit: Visit) -> Response:
        """The page that asks for another page with a fresh proof."""
        ...

    def exit_page(self, shop: str, url: str, nonce: str) -> Response:
        """The page that leaves the frame for `url`."""
        ...

    def asked_by(self, visit: Visit) -> str | None:
        """The shop that asks to be installed, where the platform signed that it does."""
        ...

    def grant_url(self, shop: str, state: str, back: str) -> str:
        """The grant screen, for use outside the frame; it leads `back`."""
        ...

    def granted(self, visit: Visit) -> Granted | None:
        """What the visit brings back from the grant screen, where that is signed."""
        ...

    def redeem(self, granted: Granted) -> Tokens: ...
