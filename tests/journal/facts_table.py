"""The table of fact kinds in ``docs/facts.md``, made from the code.

    python -m tests.journal.facts_table

writes it anew; a test compares. The table pins every kind's fields: who changes them sees the test fail, and raises
the version instead.
"""

from __future__ import annotations

import importlib
import types
import typing
from pathlib import Path
from typing import Any

import madang
from madang.journal import KINDS
from madang.journal.kinds import Kind

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "facts.md"
BEGIN, END = "<!-- kinds: begin -->", "<!-- kinds: end -->"


def kinds() -> list[Kind]:
    """Every kind the program declares (not the samples of its tests)."""
    for path in sorted(Path(madang.__file__).parent.glob("*/facts.py")):
        importlib.import_module(f"madang.{path.parent.name}.facts")
    return [kind for kind in KINDS if kind.type.__module__.startswith("madang.")]


def table() -> str:
    """The table as it should stand in the document."""
    rows = [
        f"| `{kind.name}` | {kind.version} | {kind.stage.value} | {_fields(kind)} | {_says(kind)} |" for kind in kinds()
    ]
    return "\n".join(["| Kind | Version | Stage | Fields | What happened |", "|---|---|---|---|---|", *rows])


def written() -> str:
    """The table as it stands."""
    return DOCUMENT.read_text(encoding="utf-8").split(BEGIN)[1].split(END)[0].strip()


def _says(kind: Kind) -> str:
    return kind.says.replace("``", "`").replace("|", "\\|")


def _fields(kind: Kind) -> str:
    hints = typing.get_type_hints(kind.type)
    return ", ".join(f"`{name}: {_type(hints[name])}`" for name in kind.fields)


def _type(hint: Any) -> str:
    """``str | None`` is ``str?`` here: a bar would end the cell."""
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if origin in (types.UnionType, typing.Union):
        known = [_type(one) for one in inner if one is not type(None)]
        return " or ".join(known) + ("?" if type(None) in inner else "")
    if origin is typing.Annotated:
        return _type(inner[0])
    if origin is typing.Literal:
        return " or ".join(repr(one) for one in inner)
    if origin is not None:
        return f"{origin.__name__}[{', '.join('…' if one is ... else _type(one) for one in inner)}]"
    return str(getattr(hint, "__name__", hint))


def main() -> None:
    before, _, rest = DOCUMENT.read_text(encoding="utf-8").partition(BEGIN)
    after = rest.partition(END)[2]
    DOCUMENT.write_text(f"{before}{BEGIN}\n{table()}\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
