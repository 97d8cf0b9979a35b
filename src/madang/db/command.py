"""``madang backup`` and ``madang restore``."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from madang.db.backup import backup, restore
from madang.kernel import settings


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare both commands."""
    saving = subparsers.add_parser("backup", help="데이터베이스 백업 · back the database up while it is in use")
    saving.add_argument("path", type=Path, help="새 백업 파일 · the new backup file")
    restoring = subparsers.add_parser("restore", help="백업에서 복원 · bring a backup back")
    restoring.add_argument("path", type=Path, help="백업 파일 · the backup file")
    restoring.add_argument("--replace", action="store_true", help="있는 데이터를 덮어씀 · overwrite what is there")
    for parser in (saving, restoring):
        parser.add_argument("--database", help="데이터베이스 주소 · its address (default: MADANG_DATABASE)")
        parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Do it and say in one line what was done."""
    url = args.database or settings.load(os.environ).database_url
    if args.command == "backup":
        done = backup(url, args.path)
        what = f"백업 완료 · backed up: {done.path}"
    else:
        done = restore(args.path, url, replace=args.replace)
        what = f"복원 완료 · restored from {done.path}"
    sys.stdout.write(f"{what} ({done.size_bytes / 1e6:.1f} MB)\n")
    return 0
