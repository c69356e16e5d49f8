"""Where PHP is, and what is left out where it is not."""

import pytest

from tests.fakes.wordpress.running import php_path


def pytest_runtest_setup(item: pytest.Item) -> None:
    if item.get_closest_marker("php") and php_path() is None:
        pytest.skip("no PHP")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """One line where tests of the plugin were left out."""
    skipped = terminalreporter.stats.get("skipped", [])
    count = sum("no PHP" in str(report.longrepr) for report in skipped)
    if count:
        terminalreporter.write_line(
            f"Left out: {count} tests of the WordPress plugin, no PHP found "
            "(Debian: apt-get install php-cli php-sqlite3 php-codesniffer)."
        )
