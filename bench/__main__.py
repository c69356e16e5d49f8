"""`python -m bench [--only PART ...]`: measure, print the table, say what was missed."""

import argparse
import os
import platform
import sys
import time
from collections.abc import Callable

from bench import (
    claiming,
    deciding,
    door,
    fairness,
    memory,
    messages,
    pages,
    sending,
    signing_up,
    vitals,
    waves,
)
from bench.figures import Figure, table, write
from bench.servers import Servers, servers

PARTS: dict[str, Callable[[Servers], list[Figure]]] = {
    "door": door.figures,
    "deciding": deciding.figures,
    "claiming": claiming.figures,
    "fairness": fairness.figures,
    "pages": pages.figures,
    "vitals": vitals.figures,
    "messages": messages.figures,
    "sending": sending.figures,
    "waves": waves.figures,
    "signing_up": signing_up.figures,
    "memory": memory.figures,
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS), help="measure only these")
    parts = parser.parse_args().only
    found: list[Figure] = []
    with servers() as running:
        for part in parts:
            began = time.monotonic()
            found += PARTS[part](running)
            print(f"{part}: {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
    write(found, {"python": platform.python_version(), "cores": os.cpu_count()})
    print(table(found))
    missed = [figure for figure in found if figure.missed]
    for figure in missed:
        print(f"missed: {figure.what}: {figure.value:.2f} {figure.unit}, goal {figure.goal:g}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
