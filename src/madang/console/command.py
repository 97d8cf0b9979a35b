"""``madang place``: the places of a neighbourhood from the command line; the console's pages do the same."""

from __future__ import annotations

import argparse
import os
import sys

from madang.console import premises
from madang.db import open_database
from madang.kernel import SystemClock, settings, system
from madang.places import PlaceKind


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare ``place list``, ``place add`` and ``place close``."""
    place = subparsers.add_parser("place", help="가게·거점·방 열고 닫기 · open and close shops, hubs and rooms")
    steps = place.add_subparsers(dest="step", required=True, metavar="STEP")
    found = steps.add_parser("list", help="장소 목록 · the places there are")
    add = steps.add_parser("add", help="장소 열기 · open a place")
    close = steps.add_parser("close", help="장소 닫기 · close a place")
    add.add_argument("kind", choices=[kind.value for kind in premises.OPENED])
    add.add_argument("--name", required=True, help="한국어 이름 · its name in Korean")
    add.add_argument("--name-en", default="", help="영어 이름 · its name in English")
    add.add_argument("--parent", help="바깥 장소의 코드 · the place it lies in (default: the neighbourhood)")
    for parser in (add, close):
        parser.add_argument("id", help="장소 코드 · the place's code")
    for parser, run in ((found, _list), (add, _add), (close, _close)):
        parser.add_argument("--neighbourhood", help="동네 코드 · its code (default: MADANG_NEIGHBOURHOOD)")
        parser.add_argument("--database", help="데이터베이스 주소 · its address (default: MADANG_DATABASE)")
        parser.add_argument("--lang", choices=("ko", "en"), default="ko")
        parser.set_defaults(run=run)


def _list(args: argparse.Namespace) -> int:
    n, url = _where(args)
    with open_database(url) as db:
        here, _ = db.read(lambda tx: premises.everywhere(tx, system(n, "command")), neighbourhood=n)
    for one in here:
        sys.stdout.write(f"{one.kind.value}\t{one.id}\t{one.name_ko if args.lang == 'ko' else one.name_en}\n")
    if not here:
        sys.stdout.write("아직 장소가 없습니다.\n" if args.lang == "ko" else "There are no places yet.\n")
    return 0


def _add(args: argparse.Namespace) -> int:
    n, url = _where(args)
    by, kind, at_us = system(n, "command"), PlaceKind(args.kind), SystemClock().now_us()
    said = (args.id, kind, args.name, args.name_en)
    with open_database(url) as db:
        db.write(lambda tx: premises.open_place(tx, by, *said, parent=args.parent, at_us=at_us), neighbourhood=n)
    sys.stdout.write(f"'{args.id}' 장소를 열었습니다.\n" if args.lang == "ko" else f"The place '{args.id}' is open.\n")
    return 0


def _close(args: argparse.Namespace) -> int:
    n, url = _where(args)
    at_us = SystemClock().now_us()
    with open_database(url) as db:
        db.write(lambda tx: premises.close(tx, system(n, "command"), args.id, at_us=at_us), neighbourhood=n)
    sys.stdout.write(
        f"'{args.id}' 장소를 닫았습니다.\n" if args.lang == "ko" else f"The place '{args.id}' is closed.\n"
    )
    return 0


def _where(args: argparse.Namespace) -> tuple[str, str]:
    known = settings.load(os.environ)
    return args.neighbourhood or known.neighbourhood, args.database or known.database_url
