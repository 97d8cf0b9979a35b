"""``madang demo``: open a shop without a till and watch it, or enact baskets as fast as the machine can."""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from madang.demo.outcome import Outcome
    from madang.demo.setting import Setting
    from madang.demo.theatre import Theatre

DATA = Path("var/demo")
PORT = 8300
SPEED = 4.0
PAGE_BASKETS = 3_000
PAGE_PER_HOUR = 75.0
LEAVE = 8
"""With a page the simulated reviewer leaves so many reviews to whoever opens the review desk."""

STEPS = {
    "script": ("가게를 배치하고 실제 장바구니를 읽습니다", "laying out the shop, reading real baskets"),
    "database": ("데이터베이스를 엽니다", "opening the database"),
    "shop": ("상품을 진열합니다", "stocking the shelves"),
    "engine": ("계산 엔진을 켭니다", "starting the engine"),
    "twin": ("손님과 센서를 흉내 내기 시작합니다", "starting the simulated people and sensors"),
}


def add_parser(commands: Any) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "demo",
        help="계산대 없는 가게를 열어 봅니다 · open a shop without a till and watch it",
        description="Open a neighbourhood shop without a till. People and sensors are simulated from real basket "
        "lines; everything behind the sensor gateway is the software itself. Watch it on a page, or run headless.",
    )
    parser.add_argument(
        "--data", type=Path, metavar="DIR", help=f"data folder (default {DATA}; headless: one for this run only)"
    )
    parser.add_argument("--seed", type=int, default=1, help="another seed, other people (default 1)")
    parser.add_argument("--speed", type=float, help=f"times real time (default {SPEED:g}; headless: as fast as it can)")
    parser.add_argument("--port", type=int, default=PORT, help=f"port of the page on 127.0.0.1 (default {PORT})")
    parser.add_argument("--lang", choices=("ko", "en"), default="ko", help="language of messages and first page")
    parser.add_argument("--headless", action="store_true", help="no page; enact the baskets and report")
    parser.add_argument("--baskets", type=int, help=f"baskets to enact (default {PAGE_BASKETS}; headless 50)")
    parser.add_argument("--json", type=Path, metavar="OUT", help="write the figures of a headless run there")
    parser.add_argument("--per-hour", type=float, help="visits that arrive in an hour of shop time")
    parser.add_argument("--shape", default="neighbourhood", help="layout: neighbourhood, corner or dense")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Run the command: 0 when it ended as asked (also by Ctrl-C)."""
    began_s = time.monotonic()
    _say(args, "마당 데모를 준비합니다.", "Madang's demo is getting ready.")
    from madang.demo import setting as settings  # heavy imports only after the first line

    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    with contextlib.ExitStack() as stack:
        if args.data is None:
            args.data = Path(stack.enter_context(tempfile.TemporaryDirectory())) if args.headless else DATA
        setting = settings.keep(args.data, _setting(args))
        stack.callback(_logs(args.data).close)
        return _headless(args, setting, began_s, stop) if args.headless else _with_page(args, setting, began_s, stop)


def _setting(args: argparse.Namespace) -> Setting:
    from madang.demo.setting import EPOCH_US, Setting
    from madang.kernel.clock import SECOND_US, SystemClock

    now_us = SystemClock().now_us() // SECOND_US * SECOND_US
    per_hour = args.per_hour or (60.0 if args.headless else PAGE_PER_HOUR)
    return Setting(
        seed=args.seed,
        baskets=args.baskets or (50 if args.headless else PAGE_BASKETS),
        epoch_us=EPOCH_US if args.headless else now_us,
        per_hour=per_hour,
        shape=args.shape,
    )


def _logs(folder: Path) -> Any:
    """The software's own log goes to a file beside the data, so that progress stays readable."""
    from madang.kernel import logs

    handler = logs.configure("WARNING", (folder / "madang.log").open("a", encoding="utf-8"))
    return handler.stream  # type: ignore[attr-defined]


# --- headless -----------------------------------------------------------------------------------------------------
def _headless(args: argparse.Namespace, setting: Setting, began_s: float, stop: threading.Event) -> int:
    from madang.demo.theatre import Theatre

    theatre = Theatre(args.data, setting, speed=args.speed, tell=lambda step: _step(args, began_s, step))
    try:
        theatre.start(passing=False)
        played_s = time.monotonic()
        last_s = played_s
        while not theatre.wait(0.2):
            if stop.is_set():
                _say(
                    args,
                    "멈춥니다. 같은 --data로 다시 시작하면 이어집니다.",
                    "Stopping; with the same --data it goes on.",
                )
                return 130
            if time.monotonic() - last_s >= 2:
                last_s = time.monotonic()
                _progress(args, theatre, played_s)
        theatre.settle()
        found = _judged(theatre, time.monotonic() - played_s)
    finally:
        theatre.stop()
    _report(args, found)
    return 0 if found.ledger_ok and found.facts_ok else 1


def _judged(theatre: Theatre, wall_s: float) -> Outcome:
    from madang.demo.outcome import outcome

    assert theatre.live is not None
    found = outcome(theatre.db, theatre.truth)
    found.shop_s = round((theatre.played_us - theatre.began_us) / 1e6, 1)
    found.wall_s = round(wall_s, 2)
    found.speed_x = round(found.shop_s / wall_s, 1)
    found.engine_busy_s = round(theatre.live.engine.busy_s, 2)
    return found


def _progress(args: argparse.Namespace, theatre: Theatre, played_s: float) -> None:
    shop_s = (theatre.clock.now_us() - theatre.began_us) / 1e6
    speed = shop_s / max(0.1, time.monotonic() - played_s)
    left = len(theatre.truth)
    ko = f"가게 시각 {_clock(theatre)} · 나간 손님 {left}/{theatre.setting.baskets} · 실제의 {speed:.0f}배"
    en = f"shop time {_clock(theatre)} · {left} of {theatre.setting.baskets} have left · {speed:.0f} x real time"
    _say(args, ko, en)


def _report(args: argparse.Namespace, found: Outcome) -> None:
    import msgspec

    body = msgspec.json.format(msgspec.json.encode(found), indent=2)
    if args.json is not None:
        args.json.parent.mkdir(parents=True, exist_ok=True)
        args.json.write_bytes(body + b"\n")
    print(body.decode())
    _say(
        args,
        "사람과 센서는 시뮬레이션입니다. 정확도는 엔진이 낸 영수증을 트윈의 정답과 견준 값입니다.",
        "People and sensors are simulated; the figures compare the engine's own receipts with the twin's truth.",
    )


# --- with a page --------------------------------------------------------------------------------------------------
def _with_page(args: argparse.Namespace, setting: Setting, began_s: float, stop: threading.Event) -> int:
    from madang.demo.page import Page
    from madang.demo.theatre import Theatre

    speed = args.speed or SPEED
    theatre = Theatre(args.data, setting, speed=speed, leave=LEAVE, tell=lambda step: _step(args, began_s, step))
    page = Page(theatre, args.lang)
    try:
        url, other = page.open(args.port)
        if other:
            _say(
                args,
                f"{args.port} 포트는 다른 프로그램이 쓰고 있어 다른 포트를 골랐습니다.",
                f"Port {args.port} is in use; another one was chosen.",
            )
        theatre.start(page.showing, passing=True, rang=page.showing.rang)
        took_s = time.monotonic() - began_s
        _say(args, f"열렸습니다 ({took_s:.1f}초): {url}", f"Open ({took_s:.1f} s): {url}")
        desk = page.desk_url
        _say(
            args,
            f"검토 데스크: {desk} (확신이 적은 방문이 여기로 옵니다)",
            f"Review desk: {desk} (doubtful visits come here)",
        )
        _say(
            args,
            f"실제의 {speed:g}배 속도. 끝내려면 Ctrl-C. 다시 시작하면 이어집니다.",
            f"{speed:g} times real time. Ctrl-C ends it; the next start goes on from there.",
        )
        _watch(args, theatre, page, stop)
    finally:
        page.close()
        theatre.stop()
    _say(args, "끝냈습니다.", "Stopped.")
    return 0


def _watch(args: argparse.Namespace, theatre: Theatre, page: Any, stop: threading.Event) -> None:
    """Say how the day goes, every ten seconds at first and every minute later."""
    every_s, last_s, told = 5.0, time.monotonic(), 0
    while not stop.wait(0.2):
        theatre.wait(0)
        if time.monotonic() - last_s < every_s:
            continue
        last_s, told = time.monotonic(), told + 1
        every_s = 5.0 if told < 6 else 60.0
        now = page.totals()
        ko = f"{_clock(theatre)} · 매장 안 {now.inside}명 · 영수증 {now.receipts} · 매출 {now.sales_krw:,}원"
        en = f"{_clock(theatre)} · {now.inside} inside · {now.receipts} receipts · sales ₩{now.sales_krw:,}"
        _say(args, f"{ko} · 확인 요청 {now.reviewed}", f"{en} · {now.reviewed} reviewed")


# --- words --------------------------------------------------------------------------------------------------------
def _clock(theatre: Theatre) -> str:
    from madang.kernel import seoul

    return seoul(theatre.clock.now_us()).strftime("%H:%M:%S")


def _step(args: argparse.Namespace, began_s: float, step: str) -> None:
    ko, en = STEPS[step]
    took_s = time.monotonic() - began_s
    _say(args, f"[{took_s:4.1f}초] {ko}", f"[{took_s:4.1f} s] {en}")


def _say(args: argparse.Namespace, ko: str, en: str) -> None:
    print(ko if args.lang == "ko" else en, file=sys.stderr if args.headless else sys.stdout, flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    add_parser(parser.add_subparsers(required=True))
    arguments = parser.parse_args(["demo", *sys.argv[1:]])
    os._exit(arguments.run(arguments))
