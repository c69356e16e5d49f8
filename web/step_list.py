"""The list of steps as it is edited, by plain buttons: add, remove, fill from a preset.

Nothing of this is saved before the merchant saves.
"""

from collections.abc import Sequence

from core.settings import declared
from core.steps import StepSettings
from flows.flow import Flow
from web.forms import WAS, Row, Typed, lists_of, row_of
from web.i18n import gettext as _
from web.values import Speech

STEPS = "steps"
HOURS_LATER = 24


def edited(flow: Flow, typed: Typed, act: str, speech: Speech) -> str | None:
    """Change what stands in the form as the button says; what to tell, None
    where it was no such button."""
    rows = typed.lists.get(STEPS)
    what, _colon, which = act.partition(":")
    if rows is None:
        return None
    if what == "add":
        return _add(flow, rows, speech)
    if what == "remove" and which in [str(n) for n in range(len(rows))]:
        return _remove(rows, int(which))
    if what == "preset" and which in flow.presets:
        typed.lists[STEPS] = _filled(flow.presets[which].steps, rows, speech)
        name = speech.say(flow.presets[which].title)
        return _("The steps of “%(name)s” are filled in below, but not saved yet.", name=name)
    return None


def most_steps(flow: Flow) -> int:
    found: int = declared(flow.Settings)[STEPS].checks["max_length"]
    return found


def _add(flow: Flow, rows: list[Row], speech: Speech) -> str:
    if len(rows) >= most_steps(flow):
        return _("There are at most %(most)s steps.", most=most_steps(flow))
    last = rows[-1]["after_hours"].strip() if rows else "0"
    after = int(last) + HOURS_LATER if last.isascii() and last.isdigit() and len(last) < 4 else HOURS_LATER
    rows.append(row_of(lists_of(flow.Settings)[STEPS](), speech) | {"after_hours": str(after), WAS: ""})
    return _("A step was added below, but is not saved yet.")


def _remove(rows: list[Row], n: int) -> str:
    if len(rows) == 1:
        return _("One step must be left. To send nothing, switch the flow off.")
    del rows[n]
    return _("Step %(number)s was taken out below, but this is not saved yet.", number=n + 1)


def _filled(steps: Sequence[StepSettings], rows: Sequence[Row], speech: Speech) -> list[Row]:
    """A step about the same as one there was goes on as that one, with its words."""
    left, found = list(rows), []
    for step in steps:
        row = row_of(step, speech)
        same = next((one for one in left if one["content"] == row["content"]), None)
        if same is not None:
            left.remove(same)
        found.append(row | {WAS: same[WAS] if same else ""})
    return found
