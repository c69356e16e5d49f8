"""A call's parameters, checked as WordPress checks them before anybody is asked for rights."""

import json
import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from tests.fakes.woocommerce.messages import Request, RestError
from tests.fakes.woocommerce.site import ShopClock

DATE = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d(:\d\d)?)?")
YES, NO = ("true", "1", "yes"), ("false", "0", "no", "")


def invalid(name: str, message: str, code: str = "rest_invalid_param") -> RestError:
    details = {name: {"code": code, "message": message, "data": None}}
    text = f"Invalid parameter(s): {name}"
    return RestError(400, "rest_invalid_param", text, params={name: message}, details=details)


def missing(*names: str) -> RestError:
    text = f"Missing parameter(s): {', '.join(names)}"
    return RestError(400, "rest_missing_callback_param", text, params=list(names))


class Params:
    """The JSON body's values win over the query's."""

    def __init__(self, request: Request, clock: ShopClock) -> None:
        self._clock = clock
        self.pairs = request.pairs
        self.body = _json(request)

    def text(self, name: str, default: str = "") -> str:
        if name in self.body:
            return str(self.body[name])
        return next((value for key, value in reversed(self.pairs) if key == name), default)

    def many(self, name: str) -> list[str]:
        """Written as `a,b` or as `name[]=a&name[]=b`."""
        given = self.body.get(name)
        if isinstance(given, list):
            return [str(one) for one in given]
        found = [value for key, value in self.pairs if re.fullmatch(rf"{re.escape(name)}\[\d*\]", key)]
        alone = self.text(name)
        return found or [one.strip() for one in alone.split(",") if one.strip()]

    def whole(self, name: str, default: int, low: int, high: int | None = None) -> int:
        said = self.text(name, str(default))
        if not re.fullmatch(r"-?\d+", said):
            raise invalid(name, f"{name} is not of type integer.", "rest_invalid_type")
        if int(said) < low or (high is not None and int(said) > high):
            limits = f"between {low} (inclusive) and {high} (inclusive)"
            wanted = limits if high is not None else f"greater than or equal to {low}"
            raise invalid(name, f"{name} must be {wanted}", "rest_out_of_bounds")
        return int(said)

    def ids(self, name: str) -> list[int]:
        return [int(one) for one in self.many(name) if one.isdigit()]

    def flag(self, name: str) -> bool:
        said = self.text(name, "false").lower()
        if said not in YES + NO:
            raise invalid(name, f"{name} is not of type boolean.", "rest_invalid_type")
        return said in YES

    def choice(self, name: str, default: str, allowed: Sequence[str]) -> str:
        said = self.text(name, default)
        if said not in allowed:
            raise invalid(name, f"{name} is not one of {', '.join(allowed)}.", "rest_not_in_enum")
        return said

    def choices(self, name: str, default: str, allowed: Sequence[str]) -> list[str]:
        given = self.many(name) or [default]
        for at, one in enumerate(given):
            if one not in allowed:
                message = f"{name}[{at}] is not one of {', '.join(allowed)}."
                raise invalid(name, message, "rest_not_in_enum")
        return given

    def date(self, name: str) -> datetime | None:
        """Without an offset it is the site's own time, unless `dates_are_gmt`."""
        said = self.text(name)
        if not said:
            return None
        at = self._clock.read(said, self.flag("dates_are_gmt")) if DATE.fullmatch(said) else None
        if at is None:
            raise invalid(name, "Invalid date.", "rest_invalid_date")
        return at


def _json(request: Request) -> dict[str, Any]:
    if "json" not in request.headers.get("content-type", "") or not request.body:
        return {}
    try:
        read = json.loads(request.body)
    except ValueError:
        data = {"json_error_code": 4, "json_error_message": "Syntax error"}
        raise RestError(400, "rest_invalid_json", "Invalid JSON body passed.", **data) from None
    return read if isinstance(read, dict) else {}


def only_fields(body: Any, wanted: Sequence[str]) -> Any:
    """`_fields`, with dots for what lies deeper."""
    if not wanted or not isinstance(body, dict):
        return body
    kept: dict[str, Any] = {}
    for name, value in body.items():
        deeper = [one.partition(".")[2] for one in wanted if one.partition(".")[0] == name]
        if deeper:
            kept[name] = value if "" in deeper else only_fields(value, deeper)
    return kept
