"""Messages between a process and its parent: a length (u32, little-endian) and msgpack bytes."""

from __future__ import annotations

from typing import IO


def write_frame(out: IO[bytes], body: bytes) -> None:
    """Put one message into a pipe."""
    out.write(len(body).to_bytes(4, "little") + body)


def read_frame(file: IO[bytes]) -> bytes | None:
    """The next message, or None when the other side is gone."""
    head = file.read(4)
    if len(head) < 4:
        return None
    size = int.from_bytes(head, "little")
    body = file.read(size)
    return body if len(body) == size else None
