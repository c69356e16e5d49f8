"""Has Shopify's theme check judge our block: `python -m tests.themecheck`.

The check is a program for Node and is installed into `var/` by npm. Where either
is missing nothing is judged, and that is said; what it objects to ends in 1.
"""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
EXTENSION = ROOT / "integrations" / "shopify" / "extensions" / "kontor-back-in-stock"
RUNNER = Path(__file__).parent / "support" / "theme_check.js"
INSTALLED = ROOT / "var" / "theme-check"
PACKAGE = "@shopify/theme-check-node@3.29.1"
INSTALLS_WITHIN = 180


def main() -> int:
    if shutil.which("node") is None or shutil.which("npm") is None:
        print("Node and npm are missing (Debian: apt-get install nodejs npm), so the block was not checked.")
        return 0
    if not _is_installed():
        print(f"{PACKAGE} could not be installed, so the block was not checked.")
        return 0
    told = judge(EXTENSION)
    for one in told["found"]:
        print(f"{one['where']}  {one['check']}: {one['message']}")
    print(f"{told['files']} files of the block checked, {len(told['found'])} objections.")
    return 1 if told["found"] or not told["files"] else 0


def judge(folder: Path) -> dict[str, Any]:
    """The runner lies beside what it needs, as Node looks there alone."""
    shutil.copy(RUNNER, INSTALLED)
    command = ["node", str(INSTALLED / RUNNER.name), str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return told


def _is_installed() -> bool:
    """Once for each version."""
    mark = INSTALLED / PACKAGE.rpartition("@")[2]
    if mark.exists():
        return True
    INSTALLED.mkdir(parents=True, exist_ok=True)
    quiet = ("--no-save", "--no-package-lock", "--no-audit", "--no-fund", "--ignore-scripts", "--silent")
    command = ["npm", "install", *quiet, "--prefix", str(INSTALLED), PACKAGE]
    try:
        subprocess.run(command, check=True, timeout=INSTALLS_WITHIN, capture_output=True)
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired):
        return False
    mark.touch()
    return True


if __name__ == "__main__":
    sys.exit(main())
