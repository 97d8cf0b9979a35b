"""The command line: ``madang COMMAND``. Each room that has a command declares it in its ``command.py``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module

from madang import __version__
from madang.kernel.errors import MadangError

COMMANDS = (
    "madang.demo.command",
    "madang.walkout.recordings.command",
    "madang.twin.command",
    "madang.db.command",
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; typed errors are printed in the reader's language and end with status 1."""
    args = _parser().parse_args(argv)
    try:
        return int(args.run(args) or 0)
    except MadangError as error:
        print(f"madang: {error.text(getattr(args, 'lang', 'ko'))}\n  ({error.code})", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="madang", description="마당: 동네 장사를 움직이는 소프트웨어 · the software a neighbourhood runs on"
    )
    parser.add_argument("--version", action="version", version=f"madang {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for module in COMMANDS:
        import_module(module).add_parser(commands)
    return parser
