"""The web pixel of extensions/kontor-pixel, switched on in one shop and told where to report to."""

import json
from typing import Any

from core.errors import Permanent
from integrations.roles import Access
from integrations.shopify.api import Api
from integrations.shopify.change_documents import MAKE_PIXEL, MOVE_PIXEL, PIXEL


def report_views(api: Api, access: Access, url: str) -> None:
    """An app has one pixel in a shop, with the settings that its extension declares."""
    wanted, known = {"address": url}, _known(api, access)
    if known is None:
        api.change(access, MAKE_PIXEL, pixel={"settings": wanted})
    elif _read(known["settings"]) != wanted:
        api.change(access, MOVE_PIXEL, id=known["id"], pixel={"settings": wanted})


def _known(api: Api, access: Access) -> Any:
    """That there is none is told as an error by some shops, and by others as nothing."""
    try:
        return api.ask(access, PIXEL)["webPixel"]
    except Permanent:
        return None


def _read(settings: Any) -> Any:
    return json.loads(settings) if isinstance(settings, str) else settings
