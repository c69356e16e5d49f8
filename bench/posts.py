"""Posts forms over kept-open lines, a process of its own: reads one JSON order from
stdin, and prints the seconds and how many were taken."""

import http.client
import json
import sys
import threading
import time
from typing import Any
from urllib.parse import urlencode

LINES = 8
# So many from each of the loopback's addresses, as if from as many networks.
OF_EACH = 25
HEADERS = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}


def main() -> int:
    order: dict[str, Any] = json.loads(sys.stdin.read())
    forms: list[dict[str, str]] = order["forms"]
    taken: list[int] = []
    shares = [forms[n::LINES] for n in range(LINES)]
    work = [
        threading.Thread(target=_post, args=(order["port"], order["path"], n, share, taken))
        for n, share in enumerate(shares)
    ]
    began = time.perf_counter()
    for one in work:
        one.start()
    for one in work:
        one.join()
    print(json.dumps({"seconds": time.perf_counter() - began, "taken": len(taken)}))
    return 0


def _post(port: int, path: str, line: int, forms: list[dict[str, str]], taken: list[int]) -> None:
    for first in range(0, len(forms), OF_EACH):
        source = f"127.1.{line}.{first // OF_EACH + 1}"
        sender = http.client.HTTPConnection("127.0.0.1", port, timeout=60, source_address=(source, 0))
        for form in forms[first : first + OF_EACH]:
            sender.request("POST", path, urlencode(form), HEADERS)
            answer = sender.getresponse()
            answer.read()
            if answer.status in (200, 202):
                taken.append(answer.status)
        sender.close()


if __name__ == "__main__":
    sys.exit(main())
