"""What the owner and the host have set up: addresses, versions, time zone and habits."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from core import clock


@dataclass
class Site:
    """One WordPress site. The flags are habits of real hosts: `plain_permalinks`
    has no /wp-json/, `plain_http` no certificate, `ssl_lies` hides from PHP that
    the call came over TLS, `strips_authorization` loses that header.
    `allowances` is the owner's own code that lets WordPress call private
    addresses and odd ports, as a development site needs it."""

    host: str = "localhost"
    path: str = ""
    name: str = "Mugs & More"
    timezone: str = "Europe/Madrid"
    currency: str = "EUR"
    country: str = "ES"
    language: str = "en_US"
    woocommerce: str = "9.9.5"
    wordpress: str = "6.9"
    plugins: tuple[str, ...] = ("woocommerce/woocommerce.php",)
    plain_permalinks: bool = False
    plain_http: bool = False
    ssl_lies: bool = False
    strips_authorization: bool = False
    allowances: bool = True
    port: int = 0
    delivery_seconds: float = 60.0
    ping_seconds: float = 5.0

    @property
    def home(self) -> str:
        scheme = "http" if self.plain_http else "https"
        return f"{scheme}://{self.host}:{self.port}{self.path}"

    @property
    def is_ssl(self) -> bool:
        """What PHP believes."""
        return not self.plain_http and not self.ssl_lies

    def rest(self, route: str) -> str:
        return f"{self.home}/wp-json/wc/v3/{route}"

    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)


@dataclass
class ShopClock:
    """The shop's clock has whole seconds and can be moved."""

    site: Site
    ahead: timedelta = field(default_factory=timedelta)
    stopped_at: datetime | None = None

    def now(self) -> datetime:
        return (self.stopped_at or clock.now()).replace(microsecond=0) + self.ahead

    def stop(self) -> None:
        """From now on time passes only when it is moved."""
        self.stopped_at = clock.now()

    def local(self, at: datetime | None) -> str | None:
        return at.astimezone(self.site.zone()).strftime("%Y-%m-%dT%H:%M:%S") if at else None

    def gmt(self, at: datetime | None) -> str | None:
        return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S") if at else None

    def dates(self, name: str, at: datetime | None) -> dict[str, str | None]:
        return {name: self.local(at), f"{name}_gmt": self.gmt(at)}

    def read(self, text: str, naive_is_gmt: bool = False) -> datetime | None:
        """A date as a caller writes it; without an offset it is the site's own time."""
        try:
            at = datetime.fromisoformat(text.strip())
        except ValueError:
            return None
        zone = UTC if naive_is_gmt else self.site.zone()
        return (at if at.tzinfo else at.replace(tzinfo=zone)).astimezone(UTC)
