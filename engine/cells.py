"""Tables for spreadsheets: rows of cells as CSV, in which nothing is taken for a formula."""

import csv
from collections.abc import Iterable, Sequence
from io import StringIO

# A spreadsheet would take a cell that begins so for a formula.
FORMULAS = ("=", "+", "-", "@", "\t", "\r")


def safe(text: str) -> str:
    return f"'{text}" if text.startswith(FORMULAS) else text


def lines(rows: Iterable[Sequence[str]]) -> str:
    written = StringIO()
    csv.writer(written).writerows(rows)
    return written.getvalue()
