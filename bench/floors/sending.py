"""The floor of sending: render and send, a kept-open line per thread, nothing remembered."""

import smtplib
import sys
import threading
import time

from bench.floors.message import message


def main() -> None:
    """`sending.py PORT COUNT THREADS`: print the seconds it took."""
    port, count, threads = (int(given) for given in sys.argv[1:])
    everybody = threading.Barrier(threads + 1)
    shares = [range(n, count, threads) for n in range(threads)]
    senders = [threading.Thread(target=send, args=(port, share, everybody)) for share in shares]
    for sender in senders:
        sender.start()
    everybody.wait()
    began = time.perf_counter()
    for sender in senders:
        sender.join()
    print(time.perf_counter() - began)


def send(port: int, numbers: range, everybody: threading.Barrier) -> None:
    with smtplib.SMTP("127.0.0.1", port, timeout=30) as line:
        line.ehlo()
        everybody.wait()
        for number in numbers:
            line.send_message(message(number))


if __name__ == "__main__":
    main()
