"""A PostgreSQL server of one's own, for tests, benchmarks and rehearsals: started in seconds, gone with its starter."""

from __future__ import annotations

import contextlib
import ctypes
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Any

import psycopg
from psycopg import sql

START_S_MAX = 30.0


def binaries() -> Path | None:
    """The folder with ``initdb`` and ``postgres``, or None where PostgreSQL isn't installed."""
    found = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda p: int("0" + "".join(filter(str.isdigit, str(p))))
    )
    if found:
        return found[-1].parent
    on_path = shutil.which("initdb")
    return Path(on_path).resolve().parent if on_path else None


class PrivatePostgres:
    """A server on a free port of 127.0.0.1 with user ``madang`` and no password.

    ``initdb`` refuses root, so root starts it as the ``postgres`` user, in a folder which that user owns.
    ``durable=False`` turns fsync off: the data survives a killed client, not a power cut.
    """

    def __init__(self, *, durable: bool = False) -> None:
        home = binaries()
        if home is None:
            raise FileNotFoundError("PostgreSQL (initdb) is not installed")
        self._bin, self._durable = home, durable
        self._folder = Path(tempfile.mkdtemp(prefix="madang-pg-"))
        self._as: dict[str, Any] = {}
        if os.geteuid() == 0:
            account = pwd.getpwnam("postgres")
            self._as = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
            os.chown(self._folder, account.pw_uid, account.pw_gid)
        self.port = _free_port()
        self._server: subprocess.Popen[bytes] | None = None
        self._connection: psycopg.Connection | None = None

    def start(self) -> PrivatePostgres:
        data = self._folder / "data"
        init = ["initdb", "-D", str(data), "-U", "madang", "--auth=trust", "--locale=C", "-E", "UTF8", "--no-sync"]
        try:
            subprocess.run(
                [str(self._bin / init[0]), *init[1:]], check=True, cwd="/", stdout=subprocess.DEVNULL, **self._as
            )
            self._server = self._launch(data)
            self._wait()
        except BaseException:
            self.stop()
            raise
        return self

    def _launch(self, data: Path) -> subprocess.Popen[bytes]:
        settings = {
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": str(self._folder),
            "max_connections": 200,
        }
        if not self._durable:
            settings |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        with (self._folder / "log").open("wb") as log:
            return subprocess.Popen(
                [str(self._bin / "postgres"), "-D", str(data), "-p", str(self.port), *options],
                cwd="/",
                stdout=log,
                stderr=log,
                preexec_fn=_die_with_parent if sys.platform == "linux" else None,
                **self._as,
            )

    def _wait(self) -> None:
        assert self._server is not None
        until = time.monotonic() + START_S_MAX
        while time.monotonic() < until and self._server.poll() is None:
            try:
                psycopg.connect(self._conninfo("postgres")).close()
            except psycopg.OperationalError:
                time.sleep(0.02)
            else:
                return
        raise RuntimeError("PostgreSQL did not start: " + (self._folder / "log").read_text(errors="replace")[-2000:])

    def url(self, database: str) -> str:
        return f"postgresql+psycopg://madang@127.0.0.1:{self.port}/{database}"

    def create(self, database: str, *, template: str = "template0") -> str:
        """Make a database, as a copy of ``template`` where one is named; gives its address."""
        self._admin("CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy", database, template)
        return self.url(database)

    def drop(self, database: str) -> None:
        """Drop a database and cut off whoever is still connected."""
        self._admin("DROP DATABASE IF EXISTS {} WITH (FORCE)", database)

    def _admin(self, command: str, *names: str) -> None:
        if self._connection is None:
            self._connection = psycopg.connect(self._conninfo("postgres"), autocommit=True)
        self._connection.execute(sql.SQL(command).format(*[sql.Identifier(name) for name in names]))

    def _conninfo(self, database: str) -> str:
        return f"host=127.0.0.1 port={self.port} user=madang dbname={database}"

    def kill(self, how: signal.Signals = signal.SIGQUIT) -> None:
        """The server dies at once, as in a power cut; ``restart`` brings it back.

        ``SIGKILL`` takes the postmaster alone; its children see that it is gone and end.
        """
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        if self._server is not None and self._server.poll() is None:
            self._server.send_signal(how)
            self._server.wait()

    def kill_backends(self, database: str, how_many: int = 1) -> int:
        """``kill -9`` of processes that serve a database's clients: the server then cuts everybody off and recovers.
        Gives how many were there to kill."""
        self._admin("SELECT 1")
        assert self._connection is not None
        asked = "SELECT pid FROM pg_stat_activity WHERE datname = %s ORDER BY random() LIMIT %s"
        pids = [pid for (pid,) in self._connection.execute(asked, (database, how_many)).fetchall()]
        self._connection.close()
        self._connection = None
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.2)
        self._wait()
        return len(pids)

    def restart(self) -> None:
        """Start again on the same data; where the one before has left children, as soon as they have ended."""
        until = time.monotonic() + START_S_MAX
        while True:
            self._server = self._launch(self._folder / "data")
            try:
                return self._wait()
            except RuntimeError:
                if time.monotonic() > until:
                    raise
                time.sleep(0.1)

    def stop(self) -> None:
        self.kill()
        shutil.rmtree(self._folder, ignore_errors=True)

    def __enter__(self) -> PrivatePostgres:
        return self.start()

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _at: TracebackType | None
    ) -> None:
        self.stop()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _die_with_parent() -> None:
    """A test run that is killed leaves no server behind (Linux: PR_SET_PDEATHSIG)."""
    ctypes.CDLL(None).prctl(1, signal.SIGQUIT)
