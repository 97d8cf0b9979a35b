"""The command line: ``madang COMMAND``. Each room that has a command declares it in its ``command.py``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module

from madang import __version__
from madang.kernel import cycles
from madang.kernel.errors import MadangError

COMMANDS = {
    "demo": "madang.demo.command",
    "replay": "madang.walkout.recordings.command",
    "twin": "madang.twin.command",
    "rehearse": "madang.rehearsal.command",
    "shop": "madang.places.command",
    "place": "madang.console.command",
    "import": "madang.catalog.command",
    "payments": "madang.payments.command",
    "serve": "madang.serve.command",
    "credential": "madang.serve.command",
    "check-log": "madang.serve.command",
    "new-log": "madang.serve.command",
    "sensors": "madang.sensors.command",
    "backup": "madang.db.command",
    "restore": "madang.db.command",
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; typed errors are printed in the reader's language and end with status 1."""
    words = sys.argv[1:] if argv is None else list(argv)
    args = parser_for(words).parse_args(words)
    try:
        with cycles.seldom():
            return int(args.run(args) or 0)
    except MadangError as error:
        print(f"madang: {error.text(getattr(args, 'lang', 'ko'))}\n  ({error.code})", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def parser_for(words: Sequence[str]) -> argparse.ArgumentParser:
    """The parser of the command that ``words`` begin with, or of all of them: a command starts without the others'
    imports."""
    parser = argparse.ArgumentParser(
        prog="madang", description="마당: 동네 장사를 움직이는 소프트웨어 · the software a neighbourhood runs on"
    )
    parser.add_argument("--version", action="version", version=f"madang {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    asked = [COMMANDS[words[0]]] if words and words[0] in COMMANDS else list(dict.fromkeys(COMMANDS.values()))
    for module in asked:
        import_module(module).add_parser(commands)
    return parser
