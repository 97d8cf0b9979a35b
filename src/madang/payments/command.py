"""``madang payments reconcile FILE``: a gateway's settlement file against the books."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from madang.db import open_database
from madang.kernel import Malformed, SystemClock, settings, system
from madang.payments import reconciling, settlement_files
from madang.payments.matching import Found

WORDS = {
    "missing_here": ("우리 장부에 없음", "not in our books"),
    "missing_there": ("정산 파일에 없음", "not in their file"),
    "amount": ("금액 다름", "another amount"),
    "fee": ("수수료 다름", "the fee does not add up"),
    "date": ("날짜 다름", "another day"),
    "twice": ("이미 정산됨", "settled already"),
}


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare ``payments reconcile``."""
    payments = subparsers.add_parser("payments", help="결제 정산 대사 · reconcile a gateway's settlement")
    steps = payments.add_subparsers(dest="step", required=True, metavar="STEP")
    one = steps.add_parser("reconcile", help="정산 파일과 장부 비교 · compare a settlement file with the books")
    one.add_argument("file", type=Path, help="JSON · CSV")
    one.add_argument("--gateway", choices=("toss", "kakao"), default="toss", help="결제사 · the payment company")
    one.add_argument("--dry-run", action="store_true", help="비교만 하기 · compare only, post nothing")
    one.add_argument("--neighbourhood", help="동네 코드 · its code (default: MADANG_NEIGHBOURHOOD)")
    one.add_argument("--database", help="데이터베이스 주소 · its address (default: MADANG_DATABASE)")
    one.add_argument("--lang", choices=("ko", "en"), default="ko")
    one.set_defaults(run=_reconcile)


def _reconcile(args: argparse.Namespace) -> int:
    """Print every difference; status 1 where there is one."""
    lines, known = settlement_files.read(_content(args.file)), settings.load(os.environ)
    n, now = args.neighbourhood or known.neighbourhood, SystemClock().now_us()
    by, gateway = system(n, "command"), args.gateway
    with open_database(args.database or known.database_url) as db:
        if args.dry_run:
            compared = db.read(lambda tx: reconciling.preview(tx, by, gateway, lines), neighbourhood=n)
            matched, differences = len(compared.pairs), compared.differences
        else:
            made = db.write(lambda tx: reconciling.reconcile(tx, by, gateway, lines, at_us=now), neighbourhood=n)
            matched, differences = made.matched, made.differences
    ko = args.lang == "ko"
    for found in differences:
        sys.stdout.write(_line(found, ko) + "\n")
    total = f"{len(lines)}줄 중 {matched}줄 일치, 차이 {len(differences)}건" if ko else (
        f"{matched} of {len(lines)} lines agree, {len(differences)} differences"
    )  # fmt: skip
    sys.stdout.write(total + "\n")
    return 1 if differences else 0


def _line(found: Found, ko: bool) -> str:
    theirs, ours = found.theirs, found.ours
    named = theirs.order or theirs.key if theirs else ours.order if ours else ""
    amounts = f"{theirs.amount_krw if theirs else 0:,} / {ours.amount_krw if ours else 0:,}"
    return f"{WORDS[found.what][0 if ko else 1]}\t{named}\t{amounts}"


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise Malformed(
            "payments.settlement_missing",
            ko=f"{path} 파일을 읽을 수 없습니다.",
            en=f"{path} cannot be read.",
            next_ko="경로를 확인하세요.",
            next_en="Check the path.",
        ) from error
