"""Secrets kept in files of the data folder: made once, readable by their owner only; and the devices' keys."""

from __future__ import annotations

import os
import secrets
import tomllib
from pathlib import Path

from madang.kernel import Invalid

KEY_LENGTH_MIN = 16


def kept_secret(path: Path) -> bytes:
    """The 32 random bytes of a file, made on first use; two processes that make it at once agree on one."""
    return _kept(path, os.urandom(32))


def operator_key(home: Path) -> str:
    """What an operator's program sends as ``Authorization: Bearer``: the text of ``operator.key``."""
    return _kept(home / "operator.key", secrets.token_hex(32).encode()).decode()


def _kept(path: Path, new: bytes) -> bytes:
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        half = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
        with os.fdopen(os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(new)
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(half, path)  # unlike a rename, it never replaces what another process has made
        except FileExistsError:
            pass
        finally:
            half.unlink()
    return path.read_bytes()


def device_keys(path: Path) -> dict[str, bytes]:
    """A TOML file of ``device = "key"`` lines. Raises ``Invalid`` for a file or key that cannot be used."""
    try:
        rows = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as fault:
        raise _bad(path, str(fault), str(fault)) from fault
    for device, key in rows.items():
        if not isinstance(key, str) or len(key) < KEY_LENGTH_MIN:
            raise _bad(
                path,
                f"'{device}'의 열쇠는 {KEY_LENGTH_MIN}자 이상의 글자여야 합니다",
                f"the key of '{device}' must be a text of {KEY_LENGTH_MIN} characters or more",
            )
    return {device: key.encode() for device, key in rows.items()}


def _bad(path: Path, ko: str, en: str) -> Invalid:
    return Invalid(
        "serve.bad_devices",
        ko=f"센서 열쇠 파일 {path}을(를) 쓸 수 없습니다: {ko}.",
        en=f"The file of device keys {path} cannot be used: {en}.",
        next_ko='한 줄에 하나씩 적으세요: gate = "열쇠"',
        next_en='Write one a line: gate = "key"',
    )


def address(home: Path) -> Path:
    """The file that says where the shop of a data folder is served while it is."""
    return home / "serving.url"


def write_address(path: Path, url: str) -> None:
    half = path.with_name(path.name + ".writing")
    half.write_text(url, encoding="utf-8")
    half.rename(path)
