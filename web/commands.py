"""What an operator and a developer can type: `python app.py COMMAND`."""

import argparse
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from huey import Huey

from core import log, schema
from core.config import Config, read_config
from core.db import connect, dispose_after_fork
from core.network import listens
from core.runtime import Runtime
from core.vault import new_key
from engine import rotation
from engine.jobs import Jobs
from engine.machine import Machine
from engine.worker import work_until_stopped
from integrations.sandbox import seed

Build = Callable[[Config], tuple[Machine, Huey, Jobs]]
GRACE_SECONDS = 30
TAKEN = """\
Port {port} is taken, perhaps by another Kontor. End that, or choose another port, also for further commands:
    PORT={other} make run
"""


@dataclass(frozen=True)
class Program:
    """A command's surroundings: the file that is run and how it builds."""

    file: Path
    build: Build


def main(program: Program, arguments: Sequence[str] | None = None) -> int:
    """Run one command; its exit status. A bad setting ends it with a sentence."""
    typed = sys.argv[1:] if arguments is None else arguments
    given = _parser(typed[:1]).parse_args(typed)
    if given.command == "new-key":
        sys.stdout.write(new_key() + "\n")
        return 0
    config = read_config()
    log.set_up(config)
    status: int = given.do(program, config, given)
    return status


def _parser(given: Sequence[str]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="app.py", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("run", help="web and worker together; Ctrl-C ends both").set_defaults(do=_run)
    commands.add_parser("worker", help="do what is due until stopped").set_defaults(do=_worker)
    commands.add_parser("migrate", help="bring the database up to date").set_defaults(do=_migrate)
    commands.add_parser("rotate-keys", help="seal everything with the newest data key").set_defaults(
        do=_rotate
    )
    commands.add_parser("new-key", help="print a fresh data key")
    if not {"worker", "run", "migrate"} & set(given):
        # For one's own machine; a server need not load it.
        from web import development

        development.add_commands(commands)
    return parser


def _run(program: Program, config: Config, given: argparse.Namespace) -> int:
    """Start the web process and the worker; when one ends, end the other."""
    if listens(config.port):
        sys.stderr.write(TAKEN.format(port=config.port, other=config.port + 1))
        return 1
    _migrate(program, config, given)
    _make_sandbox(config)
    sys.stderr.write(f"{_settings_told(config)}\n")
    signal.signal(signal.SIGTERM, _as_interrupt)
    processes: list[subprocess.Popen[bytes]] = []
    try:
        for command in _web_and_worker(program, config):
            processes.append(subprocess.Popen(command))  # noqa: S603, PERF401 - Our own program; what began is ended.
        _wait_for_an_end(processes, config.port)
    except KeyboardInterrupt:
        return 0
    finally:
        _end(processes)
    sys.stderr.write("One of the two processes ended by itself, so the other was ended too.\n")
    return 1


def _wait_for_an_end(processes: Sequence[subprocess.Popen[bytes]], port: int) -> None:
    """On the way it says where Kontor is, once that is so."""
    is_told = False
    while all(process.poll() is None for process in processes):
        if not is_told and listens(port):
            sys.stderr.write(f"Kontor listens on http://localhost:{port}\n")
            is_told = True
        time.sleep(0.2)


def _settings_told(config: Config) -> str:
    if config.production:
        return "Production settings."
    return "Development settings: made-up secrets, for this machine only."


def _make_sandbox(config: Config) -> None:
    runtime = Runtime.open(config)
    if config.sandbox_shown:
        from core.db import reading

        with reading(runtime.db) as session:
            known = seed.current(session)
        if known is None:
            seed.seed(runtime)
    runtime.db.dispose()


def _web_and_worker(program: Program, config: Config) -> tuple[list[str], list[str]]:
    web = [
        *(sys.executable, "-m", "gunicorn", "-k", "web.serving.Worker"),
        *("--threads", "8", "--no-control-socket"),
        *("--graceful-timeout", "10", "--log-level", "warning", "--chdir", str(program.file.parent)),
        *("--bind", f"127.0.0.1:{config.port}", "app:create_app()"),
    ]
    return web, [sys.executable, str(program.file), "worker"]


def _as_interrupt(_number: int, _frame: object) -> None:
    raise KeyboardInterrupt


def _end(processes: Sequence[subprocess.Popen[bytes]]) -> None:
    for process in processes:
        if process.poll() is None:
            process.terminate()
    for process in processes:
        try:
            process.wait(GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()


def _worker(program: Program, config: Config, _given: argparse.Namespace) -> int:
    """The app is built before Huey starts: its own start-up hook only logs."""
    machine, queue, jobs = program.build(config)
    dispose_after_fork(machine.db)
    work_until_stopped(machine, queue, jobs)
    return 0


def _migrate(_program: Program, config: Config, _given: argparse.Namespace) -> int:
    schema.migrate(connect(config.sqlalchemy_url))
    return 0


def _rotate(program: Program, config: Config, _given: argparse.Namespace) -> int:
    machine, _, _ = program.build(config)
    done = rotation.rotate(machine)
    sys.stdout.write(f"{done.anew} values sealed anew with the newest key.\n")
    if done.broken:
        sys.stderr.write(
            f"{done.broken} values could not be opened with any key in DATA_KEYS: keep the old keys.\n"
        )
    return 1 if done.broken else 0
