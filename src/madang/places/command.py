"""``madang shop``: check a shop's layout, and open a shop with what its layout says."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import Any

import msgspec

from madang.db import open_database
from madang.kernel import Malformed, SystemClock, settings, system
from madang.places import layout as layouts
from madang.places.service import add_shop


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare ``shop check`` and ``shop add``."""
    shop = subparsers.add_parser("shop", help="가게 배치도 확인과 등록 · check a shop's layout, add a shop")
    steps = shop.add_subparsers(dest="step", required=True, metavar="STEP")
    check = steps.add_parser("check", help="배치도 확인 · name every fault of a store.json")
    add = steps.add_parser("add", help="가게 등록 · add a shop, or a new layout of one")
    add.add_argument("id", help="가게 코드 · the shop's code")
    for parser in (check, add):
        parser.add_argument("layout", type=Path, help="store.json")
        parser.add_argument("--lang", choices=("ko", "en"), default="ko")
    add.add_argument("--name", required=True, help="한국어 이름 · its name in Korean")
    add.add_argument("--name-en", help="영어 이름 · its name in English")
    add.add_argument("--neighbourhood", help="동네 코드 · its code (default: MADANG_NEIGHBOURHOOD)")
    add.add_argument("--database", help="데이터베이스 주소 · its address (default: MADANG_DATABASE)")
    check.set_defaults(run=_check)
    add.set_defaults(run=_add)


def read_layout(path: Path) -> Any:
    """A JSON file's content. Raises ``Malformed`` naming the file."""
    try:
        return msgspec.json.decode(path.read_bytes())
    except (OSError, msgspec.DecodeError) as error:
        raise Malformed(
            "places.layout_unreadable",
            ko=f"{path} 파일을 읽을 수 없습니다.",
            en=f"{path} cannot be read: {error}.",
            next_ko="경로와 JSON 형식을 확인하세요.",
            next_en="Check the path and that it holds JSON.",
        ) from None


def _check(args: argparse.Namespace) -> int:
    faults = layouts.check(read_layout(args.layout))
    for fault in faults:
        sys.stdout.write(f"{fault.where}: {fault.ko if args.lang == 'ko' else fault.en} ({fault.code})\n")
    if not faults:
        sys.stdout.write("잘못된 곳이 없습니다.\n" if args.lang == "ko" else "No faults.\n")
    return 1 if faults else 0


def _add(args: argparse.Namespace) -> int:
    layout, at_us = read_layout(args.layout), SystemClock().now_us()
    known = settings.load(os.environ)
    neighbourhood = args.neighbourhood or known.neighbourhood
    by = system(neighbourhood, "command")
    with open_database(args.database or known.database_url) as db:
        shop = db.write(
            lambda tx: add_shop(tx, by, args.id, args.name, args.name_en or args.name, layout, at_us),
            neighbourhood=neighbourhood,
        )
    plates = len(shop.layout["plates"])
    ko = f"가게 '{shop.id}': 배치도 {shop.version}번째 판, 저울판 {plates}개\n"
    en = f"Shop '{shop.id}': layout version {shop.version}, {plates} plates\n"
    sys.stdout.write(ko if args.lang == "ko" else en)
    return 0
