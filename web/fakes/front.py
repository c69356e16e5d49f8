"""A TLS front before the running app: what comes in encrypted goes on in the clear, on this machine."""

import asyncio
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

CHUNK = 64 * 1024


@contextmanager
def front(port: int, behind: int, chain: Path) -> Iterator[None]:
    """Listens at `port` of this machine alone. Raises OSError where somebody does already."""
    loop = asyncio.new_event_loop()
    server = loop.run_until_complete(_listening(port, behind, chain))
    thread = threading.Thread(target=loop.run_forever, name="front", daemon=True)
    thread.start()
    try:
        yield
    finally:
        asyncio.run_coroutine_threadsafe(_end(server), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


async def _listening(port: int, behind: int, chain: Path) -> asyncio.Server:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain)

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # Where the front ends first, that is no complaint.
        with suppress(asyncio.CancelledError):
            await _carry(reader, writer, behind)

    return await asyncio.start_server(carry, "127.0.0.1", port, ssl=context)


async def _carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, behind: int) -> None:
    """Both ways at once, until either side ends; nobody behind it ends the line at once."""
    try:
        inner_reader, inner_writer = await asyncio.open_connection("127.0.0.1", behind)
    except OSError:
        writer.close()
        return
    ways = {
        asyncio.ensure_future(_pour(reader, inner_writer)),
        asyncio.ensure_future(_pour(inner_reader, writer)),
    }
    try:
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for way in ways:
            way.cancel()
        await asyncio.gather(*ways, return_exceptions=True)
        await _close(inner_writer, writer)


async def _pour(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A line that breaks ends like one that is closed."""
    try:
        while chunk := await reader.read(CHUNK):
            writer.write(chunk)
            await writer.drain()
    except OSError:
        return


async def _close(*lines: asyncio.StreamWriter) -> None:
    """Politely for a second: an encrypted line ends only once the other side has said goodbye too."""
    for line in lines:
        line.close()
    goodbyes = asyncio.gather(*(line.wait_closed() for line in lines), return_exceptions=True)
    with suppress(TimeoutError):
        await asyncio.wait_for(goodbyes, 1)
    for line in lines:
        line.transport.abort()


async def _end(server: asyncio.Server) -> None:
    server.close()
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
