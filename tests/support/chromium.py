"""Where Chromium is, and what is left out where it is not."""

import shutil

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def chromium_path() -> str | None:
    """The machine's own Chromium, which Playwright is told to use."""
    return next((found for name in NAMES if (found := shutil.which(name))), None)


def pytest_runtest_setup(item: pytest.Item) -> None:
    if item.get_closest_marker("browser") and chromium_path() is None:
        pytest.skip("no Chromium")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """One line where tests in the browser were left out."""
    skipped = terminalreporter.stats.get("skipped", [])
    count = sum("no Chromium" in str(report.longrepr) for report in skipped)
    if count:
        terminalreporter.write_line(
            f"Left out: {count} tests in a browser, no Chromium found (Debian: apt-get install chromium)."
        )
