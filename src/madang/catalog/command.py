"""``madang import``: take a spreadsheet into the catalogue and name every fault in it."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

import msgspec

from madang.catalog.imports import Sheet, import_csv
from madang.catalog.model import EVERY_SHOP, Report
from madang.db import Tx, open_database
from madang.kernel import Malformed, SystemClock, Uuid7, settings, system


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare ``import``."""
    parser = subparsers.add_parser("import", help="엑셀·CSV 가져오기 · take a file in")
    parser.add_argument("sheet", choices=[sheet.value for sheet in Sheet])
    parser.add_argument("file", type=Path, help="엑셀 .xlsx, CSV (UTF-8, UTF-16, cp949)")
    parser.add_argument("--neighbourhood", help="동네 코드 · its code (default: MADANG_NEIGHBOURHOOD)")
    parser.add_argument("--shop", default=EVERY_SHOP, help="가게 코드 · the shop's code (needed for a planogram)")
    parser.add_argument("--good-rows", action="store_true", help="맞는 행은 가져오기 · take the rows that are right")
    parser.add_argument("--whole", action="store_true", help="파일에 없는 진열은 닫기 · close facings it does not name")
    parser.add_argument("--make-categories", action="store_true", help="없는 분류 만들기 · make categories it names")
    parser.add_argument("--database", help="데이터베이스 주소 · its address (default: MADANG_DATABASE)")
    parser.add_argument("--json", action="store_true", help="보고서를 JSON으로 · the report as JSON")
    parser.add_argument("--lang", choices=("ko", "en"), default="ko")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Import and print the report; status 1 where a row is wrong."""
    clock = SystemClock()
    id_, at_us, data = Uuid7(clock).new(), clock.now_us(), _bytes(args.file)
    known = settings.load(os.environ)
    neighbourhood = args.neighbourhood or known.neighbourhood
    by = system(neighbourhood, "command")
    how = {"shop": args.shop, "good_rows": args.good_rows, "whole": args.whole, "make": args.make_categories}

    def take(tx: Tx) -> Report:
        return import_csv(tx, by, args.sheet, data, id=id_, at_us=at_us, **how)

    with open_database(args.database or known.database_url) as db:
        report = db.write(take, neighbourhood=neighbourhood)
    sys.stdout.write(msgspec.json.encode(report).decode() + "\n" if args.json else as_text(report, args.lang))
    return 0 if report.ok else 1


def as_text(report: Report, lang: str) -> str:
    """A report as people read it: every fault with its row, then one line of what was done."""
    lines = [_fault(report, i, lang) for i in range(len(report.errors))]
    done = (report.rows, report.added, report.changed, report.unchanged, len(report.errors))
    if lang == "ko":
        what = "행 {}개: 추가 {}, 변경 {}, 그대로 {}, 오류 {}".format(*done)
        end = "" if report.applied else ". 아무것도 바꾸지 않았습니다. 고치거나 --good-rows로 맞는 행만 가져오세요"
    else:
        what = "{} rows: {} added, {} changed, {} unchanged, {} faults".format(*done)
        end = "" if report.applied else ". Nothing was changed: mend them, or take the right rows with --good-rows"
    return "".join(f"{line}\n" for line in [*lines, f"{what}{end}."])


def _fault(report: Report, i: int, lang: str) -> str:
    error = report.errors[i]
    value = f" '{error.value}'" if error.value else ""
    if lang == "ko":
        return f"{error.row}행 {error.column}{value}: {error.ko} {error.next_ko}"
    return f"row {error.row} {error.column}{value}: {error.en} {error.next_en}"


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise Malformed(
            "catalog.file_unreadable",
            ko=f"{path} 파일을 읽을 수 없습니다.",
            en=f"{path} cannot be read: {error.strerror}.",
            next_ko="경로를 확인하세요.",
            next_en="Check the path.",
        ) from None
