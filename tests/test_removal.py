"""A vendor is one folder and its registry lines: taking them away leaves a green suite."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PARTS = (
    "app.py",
    "pyproject.toml",
    "core",
    "integrations",
    "flows",
    "engine",
    "web",
    "templates",
    "static",
    "translations",
    "tests",
)
# PostgreSQL needs a server, and one page tells what it says where the removed channel is set.
LEFT_OUT = "not postgresql and not with_a_mail_server_set"
# What needs neither a worker nor a server, and still goes through every layer.
QUICK = (
    "tests/flows",
    "tests/integrations/mailbox",
    "tests/integrations/sandbox",
    "tests/integrations/test_mime.py",
    "tests/integrations/test_shop_contract.py",
    "tests/engine/test_first_story.py",
    "tests/web/test_mailbox.py",
)


@pytest.mark.timeout(300)
def test_kontor_lives_on_without_the_smtp_channel(tmp_path: Path) -> None:
    for part in PARTS:
        source = ROOT / part
        copy = shutil.copytree if source.is_dir() else shutil.copy
        copy(source, tmp_path / part)
    # It sends the operator's mail, and merchants' by accounts of their own.
    remove_channel(tmp_path, "smtp", roles=2)
    told = subprocess.run(
        [sys.executable, "-m", "pytest", "-n", "0", "-q", "-x", "-k", LEFT_OUT, *QUICK],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    assert told.returncode == 0, told.stdout[-3000:] + told.stderr[-1000:]
    assert re.search(r"\d+ passed", told.stdout)


def remove_channel(root: Path, vendor: str, roles: int) -> None:
    """As a contributor would: the folder, its tests, its lines in the registry."""
    shutil.rmtree(root / "integrations" / vendor)
    shutil.rmtree(root / "tests" / "integrations" / vendor)
    registry = root / "integrations" / "__init__.py"
    lines = registry.read_text().splitlines(keepends=True)
    kept = [line for line in lines if vendor not in line.lower() or line.lstrip().startswith("return")]
    assert len(kept) == len(lines) - 2 * roles, "each role is one import and one entry"
    registry.write_text("".join(kept))
