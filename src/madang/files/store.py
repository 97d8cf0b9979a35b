"""Bytes on disk under the hash of their content: written whole or not at all, checked whenever they are read."""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from pathlib import Path

from madang.kernel import Clock, NotFound, Unavailable
from madang.kernel.clock import HOUR_US

GRACE_US = HOUR_US  # between putting a content and recording that it is kept
NAME = re.compile(r"[0-9a-f]{64}")


class Store:
    """A folder of contents, one sub-folder a neighbourhood: ``<home>/<neighbourhood>/ab/abcd…``."""

    def __init__(self, home: Path, clock: Clock) -> None:
        self._home, self._clock = home, clock

    def put(self, neighbourhood: str, content: bytes) -> str:
        """Store ``content`` durably; gives its SHA-256. Storing it again changes nothing.

        The bytes are on disk under their name or not there at all, whenever the machine stops.
        """
        sha256 = hashlib.sha256(content).hexdigest()
        path = self._path(neighbourhood, sha256)
        if path.exists() and _hash(path) == sha256:
            self._touch(path)
            return sha256
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix="new-")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            self._touch(Path(name))
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
        _sync_folder(path.parent)
        return sha256

    def get(self, neighbourhood: str, sha256: str) -> bytes:
        """The content; ``NotFound`` when it is not here, ``Unavailable`` when it is no longer what its name says."""
        try:
            content = self._path(neighbourhood, sha256).read_bytes()
        except FileNotFoundError:
            raise _missing(sha256) from None
        if hashlib.sha256(content).hexdigest() != sha256:
            raise Unavailable(
                "files.damaged",
                ko="저장된 파일이 손상되었습니다.",
                en="A stored file is damaged.",
                next_ko="백업에서 이 파일을 되살리세요.",
                next_en="Restore this file from a backup.",
                sha256=sha256,
            )
        return content

    def destroy(self, neighbourhood: str, sha256: str) -> bool:
        """Take the content off the disk; False, and nothing done, within an hour of its last ``put``."""
        path = self._path(neighbourhood, sha256)
        try:
            if self._clock.now_us() - path.stat().st_mtime_ns // 1000 < GRACE_US:
                return False
            path.unlink()
        except FileNotFoundError:
            return True
        _sync_folder(path.parent)
        return True

    def _touch(self, path: Path) -> None:
        now_ns = self._clock.now_us() * 1000
        os.utime(path, ns=(now_ns, now_ns))

    def _path(self, neighbourhood: str, sha256: str) -> Path:
        # A neighbourhood's name becomes a folder's: its hash, so that no name leads anywhere else.
        if not NAME.fullmatch(sha256):
            raise _missing(sha256)
        folder = hashlib.sha256(neighbourhood.encode()).hexdigest()[:16]
        return self._home / folder / sha256[:2] / sha256


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _missing(sha256: str) -> NotFound:
    return NotFound(
        "files.missing",
        ko="그런 파일이 없습니다.",
        en="There is no such file.",
        next_ko="보관 기간이 끝났는지 확인하세요.",
        next_en="See whether its retention is over.",
        sha256=sha256,
    )
