"""``madang twin record``: recordings of simulated shops, for measuring an engine on layouts it has never seen."""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any

from madang.kernel import Malformed, NotFound
from madang.twin import layout
from madang.twin.geometry import Geometry
from madang.twin.record import record_set
from madang.twin.scenarios import SCRIPTS
from madang.twin.settings import PRESETS


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Hang ``twin`` with its commands under the main command; parsed arguments carry ``run``."""
    twin = subparsers.add_parser("twin", help="가상 가게 · simulate a shop")
    commands = twin.add_subparsers(dest="twin_command", required=True)
    parser = commands.add_parser("record", help="정답이 있는 녹화를 만듭니다 · write recordings with known truth")
    parser.add_argument("out", type=Path, help="folder for stores/ and cases/")
    parser.add_argument("--shop", default="corner", help=f"{', '.join(layout.SHAPES)}, or a store.json")
    parser.add_argument("--cases", type=int, default=11, help="how many cases (default: one per category)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--faults", choices=[*PRESETS, "mixed"], default="mixed")
    parser.add_argument("--people", type=int, default=3, help="people in cases with several")
    parser.add_argument("--category", action="append", choices=sorted(SCRIPTS), help="only these (may be repeated)")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Write the recordings, one line of progress per case; returns the exit status."""
    begun = time.monotonic()
    written = record_set(
        args.out,
        shop_layout(args.shop),
        cases=args.cases,
        seed=args.seed,
        faults=args.faults,
        people=args.people,
        categories=tuple(args.category or ()),
    )
    for i, name in enumerate(written, 1):
        sys.stdout.write(f"[{i}/{args.cases}] {name}  ({time.monotonic() - begun:.0f} s)\n")
        sys.stdout.flush()
    return 0


def shop_layout(name: str) -> dict[str, Any]:
    """The layout of a built-in shape or of a ``store.json`` file; ``NotFound`` when it is neither."""
    if name == "neighbourhood":
        return layout.neighbourhood()
    if name in layout.SHAPES:
        return layout.build(name, layout.SHAPES[name])
    path = Path(name)
    if path.is_file():
        return _read_layout(path)
    raise NotFound(
        "twin.no_such_shop",
        ko=f"'{name}' 가게를 찾을 수 없습니다.",
        en=f"There is no shop '{name}'.",
        next_ko=f"{', '.join(layout.SHAPES)} 중 하나나 store.json 파일 경로를 주세요.",
        next_en=f"Give one of {', '.join(layout.SHAPES)}, or the path of a store.json file.",
        shop=name,
    )


def _read_layout(path: Path) -> dict[str, Any]:
    """A ``store.json``; ``Malformed`` when a shop cannot be built from it."""
    try:
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        Geometry(found)
    except (ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
        raise Malformed(
            "twin.bad_layout",
            ko=f"{path}에서 가게 배치를 읽을 수 없습니다 ({type(error).__name__}: {error}).",
            en=f"No shop layout can be read from {path} ({type(error).__name__}: {error}).",
            next_ko="docs/recording-format.md의 store.json 형식을 확인하세요.",
            next_en="Compare it with store.json in docs/recording-format.md.",
            file=path.name,
        ) from error
    return found


if __name__ == "__main__":
    main_parser = argparse.ArgumentParser(prog="madang")
    add_parser(main_parser.add_subparsers(required=True))
    main_args = main_parser.parse_args()
    sys.exit(main_args.run(main_args))
