"""Figures, their goals, and the table of them."""

import json
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

RESULTS = Path(__file__).with_name("results.json")
HEAD = ("figure", "value", "goal", "", "ours (min / median / max)", "floor (min / median / max)")


@dataclass(frozen=True)
class Figure:
    """One figure. `value` is the ratio to the floor where there is one, else
    the median of `ours`; without a goal it is only told."""

    key: str
    what: str
    value: float
    unit: str
    goal: float | None
    better: Literal["higher", "lower"]
    ours: tuple[float, ...]
    ours_unit: str
    floor: tuple[float, ...] = ()

    @property
    def missed(self) -> bool:
        if self.goal is None:
            return False
        return self.value < self.goal if self.better == "higher" else self.value > self.goal


def ratio(
    key: str,
    what: str,
    ours: Sequence[float],
    floor: Sequence[float],
    *,
    unit: str,
    at_least: float | None = None,
    at_most: float | None = None,
) -> Figure:
    """Ours against the floor: the medians of rounds that took turns."""
    value = statistics.median(ours) / statistics.median(floor)
    better: Literal["higher", "lower"] = "higher" if at_most is None else "lower"
    goal = at_most if at_least is None else at_least
    return Figure(key, what, value, "x", goal, better, tuple(ours), unit, tuple(floor))


def measured(key: str, what: str, ours: Sequence[float], *, unit: str, at_most: float) -> Figure:
    """A figure that has no floor but a bound."""
    return Figure(key, what, statistics.median(ours), unit, at_most, "lower", tuple(ours), unit)


def table(figures: Sequence[Figure]) -> str:
    rows = [HEAD, *(_row(figure) for figure in figures)]
    widths = [max(len(row[n]) for row in rows) for n in range(len(HEAD))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows]
    return "\n".join(line.rstrip() for line in [lines[0], "-" * len(lines[0]), *lines[1:]])


def write(figures: Sequence[Figure], machine: dict[str, Any]) -> None:
    """Kept beside the code; a part measured alone replaces only its figures."""
    known = json.loads(RESULTS.read_text())["figures"] if RESULTS.exists() else {}
    told = {figure.key: _told(figure) for figure in figures}
    RESULTS.write_text(json.dumps({"machine": machine, "figures": known | told}, indent=1) + "\n")


def _told(figure: Figure) -> dict[str, Any]:
    return {
        "what": figure.what,
        "value": round(figure.value, 3),
        "unit": figure.unit,
        "goal": figure.goal,
        "better": figure.better,
        "missed": figure.missed,
        "ours": _spread(figure.ours) | {"unit": figure.ours_unit},
        "floor": _spread(figure.floor) if figure.floor else None,
    }


def _spread(values: Sequence[float]) -> dict[str, float]:
    points = {"min": min(values), "median": statistics.median(values), "max": max(values)}
    return {name: round(value, 3) for name, value in points.items()}


def _row(figure: Figure) -> tuple[str, ...]:
    sign = "≥" if figure.better == "higher" else "≤"
    goal = "" if figure.goal is None else f"{sign} {figure.goal:g}"
    mark = "" if figure.goal is None else ("missed" if figure.missed else "ok")
    ours, floor = _shown(figure.ours), _shown(figure.floor) if figure.floor else ""
    return figure.what, f"{figure.value:.2f} {figure.unit}", goal, mark, f"{ours} {figure.ours_unit}", floor


def _shown(values: Sequence[float]) -> str:
    points = _spread(values).values()
    return " / ".join(f"{value:,.0f}" if value >= 100 else f"{value:.2f}" for value in points)
