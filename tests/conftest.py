"""What every test may ask for; the fixtures live in tests/support."""

pytest_plugins = [
    "tests.support.servers",
    "tests.support.chromium",
    "tests.support.kontor",
    "tests.support.live",
    "tests.support.php",
    "tests.support.stopped",
]
