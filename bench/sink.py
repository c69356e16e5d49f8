"""A mail server that takes everything: Debian's smtp-sink, else one of our own."""

import asyncio
import os
import shutil
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from bench.servers import process, wait_until
from tests.support.starting import free_port

HOST = "127.0.0.1"


@contextmanager
def sink() -> Iterator[int]:
    """The port it listens on, in a process of its own."""
    port = free_port()
    with process(_command(port), {}) as started:
        wait_until(lambda: _listens(port), started)
        yield port


def _command(port: int) -> list[str]:
    debians = shutil.which("smtp-sink") or shutil.which("smtp-sink", path="/usr/sbin")
    if debians is None:
        return [sys.executable, "-m", "bench.sink", str(port)]
    # As root it must be told whom to be instead.
    user = ["-u", "nobody"] if os.geteuid() == 0 else []
    return [debians, *user, f"{HOST}:{port}", "100"]


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((HOST, port)) == 0


class Sink(asyncio.Protocol):
    """As little of SMTP as a sender needs."""

    def __init__(self) -> None:
        self._heard = b""
        self._in_message = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport)
        self._transport = transport
        transport.write(b"220 sink\r\n")

    def data_received(self, data: bytes) -> None:
        self._heard += data
        while self._take():
            pass

    def _take(self) -> bool:
        """Whether one whole line or message was there and is answered."""
        end = b"\r\n.\r\n" if self._in_message else b"\r\n"
        whole, found, rest = self._heard.partition(end)
        if not found:
            return False
        self._heard = rest
        self._transport.write(self._answer(whole[:4].upper()))
        return True

    def _answer(self, verb: bytes) -> bytes:
        if self._in_message:
            self._in_message = False
            return b"250 2.0.0 taken\r\n"
        self._in_message = verb == b"DATA"
        return b"354 go on\r\n" if self._in_message else b"221 bye\r\n" if verb == b"QUIT" else b"250 ok\r\n"


async def _serve(port: int) -> None:
    server = await asyncio.get_running_loop().create_server(Sink, HOST, port)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1])))
