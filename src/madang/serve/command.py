"""``madang serve``: run a real shop. ``madang credential``: give a shopper an entry code."""

from __future__ import annotations

import argparse
import contextlib
import logging
import os
import signal
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from madang.kernel import cycles
from madang.kernel import settings as setting

if TYPE_CHECKING:
    from madang.kernel import Clock, MadangError
    from madang.kernel.settings import Settings
    from madang.serve.premises import Premises
    from madang.serve.serving import Serving

CAPACITY = 30
REFUND_LIMIT_KRW = 10_000
STEPS = {
    "database": ("데이터베이스를 엽니다", "opening the database"),
    "engine": ("계산 엔진을 켭니다", "starting the engine"),
    "pages": ("센서와 페이지를 엽니다", "opening the doors to sensors and pages"),
}


def add_parser(commands: Any) -> None:
    """Declare the commands."""
    serve = commands.add_parser(
        "serve",
        help="가게 운영 · run a real shop: sensors in, receipts out",
        description="Run a shop that was added with `madang shop add` and filled with `madang import`. Sensors send to "
        "POST /v1/sensors/batches (docs/sensor-wire-format.md); docs/operations.md says how to run it.",
    )
    serve.add_argument("--shop", help="가게 코드 · the shop's code (none: the neighbourhood's server)")
    serve.add_argument("--edges", type=Path, metavar="FILE", help='가게 기계 열쇠 TOML · keys of shops: s1 = "key"')
    serve.add_argument("--port", type=int, help="페이지와 센서의 포트 · port of pages and sensors")
    serve.add_argument("--host", help="주소 · address (default: MADANG_HOST, 127.0.0.1)")
    serve.add_argument("--devices", type=Path, metavar="FILE", help='센서 열쇠 TOML · keys of sensors: gate = "key"')
    serve.add_argument("--mqtt", metavar="URL", help="센서의 MQTT 중개자 · broker of the sensors: mqtt://host:1883")
    serve.add_argument("--mqtt-version", choices=("3.1.1", "5"), help="MQTT 판 · version of MQTT (default 3.1.1)")
    serve.add_argument(
        "--stock-as-planned",
        action="store_true",
        help="장부의 빈 선반을 진열표 수량으로 채움 · book the planogram's counts where the books are empty",
    )
    serve.add_argument("--capacity", type=int, default=CAPACITY, help=f"첫 개점의 정원 · people inside ({CAPACITY})")
    serve.add_argument(
        "--refund-limit",
        type=int,
        default=REFUND_LIMIT_KRW,
        metavar="KRW",
        help=f"첫 개점의 즉시 환불 한도 · paid back without asking, set at the first opening ({REFUND_LIMIT_KRW})",
    )
    serve.set_defaults(run=run)
    credential = commands.add_parser("credential", help="입장 코드 발급 · give a shopper an entry code")
    credential.add_argument("code", help="게이트가 읽을 코드 · what the gate will read")
    credential.add_argument("--person", help="회원 키 · key of a person who is there already")
    credential.add_argument("--top-up", type=int, default=0, metavar="KRW", help="받은 충전금 · money taken in")
    credential.set_defaults(run=issue)
    check = commands.add_parser("check-log", help="센서 기록 검사 · read a shop's raw sensor log from end to end")
    check.add_argument("--shop", required=True, help="가게 코드 · the shop's code")
    check.add_argument("--json", action="store_true", help="JSON으로 · the report as JSON")
    check.set_defaults(run=check_log)
    anew = commands.add_parser("new-log", help="센서 기록 새로 시작 · begin a sensor log anew that is damaged or lost")
    anew.add_argument("--shop", required=True, help="가게 코드 · the shop's code")
    anew.set_defaults(run=new_log)
    for parser in (serve, credential, check, anew):
        parser.add_argument("--neighbourhood", help="동네 코드 · its code (default: MADANG_NEIGHBOURHOOD)")
        parser.add_argument("--database", help="데이터베이스 주소 · its address (default: MADANG_DATABASE)")
        parser.add_argument("--data", metavar="DIR", help="데이터 폴더 · data folder (default: MADANG_HOME, var)")
        parser.add_argument("--settings", type=Path, metavar="TOML", help="설정 파일 · file with settings")
        parser.add_argument("--lang", choices=("ko", "en"), default="ko")


def run(args: argparse.Namespace, *, clock: Clock | None = None) -> int:
    """Serve until SIGINT or SIGTERM; raises what stopped the shop."""
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    known = settings_of(args)
    if args.shop is None:
        return _run_centre(args, known, stop, clock)
    from madang.kernel import logs
    from madang.serve import keys
    from madang.serve.serving import Asked, Serving
    from madang.walkout.records import Rules

    asked = Asked(
        shop=args.shop,
        rules=Rules(args.capacity, args.refund_limit),
        stock_as_planned=args.stock_as_planned,
        devices=None if args.devices is None else keys.device_keys(args.devices),
        where=where_of(args),
    )
    with contextlib.ExitStack() as ends:
        handler, requests = logs.configure(known.log_level), logging.getLogger("madang.web")
        ends.callback(logging.getLogger("madang").removeHandler, handler)
        if known.log_level == "INFO":  # a line for every batch of every sensor would hide all others
            requests.setLevel("WARNING")
            ends.callback(requests.setLevel, logging.NOTSET)
        serving = ends.enter_context(Serving(known, asked, clock=clock))
        found = serving.start(tell=lambda step: _say(args, *STEPS[step]))
        ends.enter_context(cycles.settled())
        _opened(args, serving, found)
        while not stop.wait(0.2):
            if serving.failure is not None:
                raise serving.failure
        _say(args, "닫는 중입니다.", "Closing.")
    _say(args, "닫았습니다. 같은 명령으로 이어집니다.", "Closed; the same command goes on from here.")
    return 0


def _run_centre(args: argparse.Namespace, known: Settings, stop: threading.Event, clock: Clock | None) -> int:
    """Serve the neighbourhood for its shops' machines."""
    from madang.kernel import Invalid, logs
    from madang.serve import keys
    from madang.serve.centre import Centre

    if args.edges is None:
        raise Invalid(
            "serve.what",
            ko="무엇을 열지 알 수 없습니다.",
            en="Nobody has said what to serve.",
            next_ko="가게라면 --shop 코드를, 동네 서버라면 가게 기계의 열쇠를 적은 --edges 파일을 주세요.",
            next_en="Give --shop CODE for a shop, or --edges FILE, the keys of shops' machines, for the server.",
        )
    with contextlib.ExitStack() as ends:
        handler = logs.configure(known.log_level)
        ends.callback(logging.getLogger("madang").removeHandler, handler)
        centre = ends.enter_context(Centre(known, keys.device_keys(args.edges), clock=clock))
        centre.start()
        ends.enter_context(cycles.settled())
        _say(args, f"동네 서버를 열었습니다: {centre.url}", f"The neighbourhood's server is open: {centre.url}")
        stop.wait()
    _say(args, "닫았습니다. 같은 명령으로 이어집니다.", "Closed; the same command goes on from here.")
    return 0


def settings_of(args: argparse.Namespace) -> Settings:
    """The settings, with what the command line says in their place."""
    known = setting.load(os.environ, args.settings)
    given = {"neighbourhood": args.neighbourhood, "database": args.database, "home": args.data}
    given |= {name: getattr(args, name, None) for name in ("host", "port", "mqtt", "mqtt_version")}
    return msgspec.structs.replace(known, **{name: value for name, value in given.items() if value is not None})


def where_of(args: argparse.Namespace) -> str:
    """The options by which other commands find the same place (an address with a password is left to the settings)."""
    words = [] if args.neighbourhood is None else ["--neighbourhood", args.neighbourhood]
    database = args.database or (f"sqlite:///{Path(args.data) / 'madang.db'}" if args.data else "")
    if database.startswith("sqlite"):
        words += ["--database", database]
    return "".join(f" {word}" for word in words)


def _opened(args: argparse.Namespace, serving: Serving, found: Premises) -> None:
    shop = args.shop
    _say(args, f"열렸습니다: {serving.url}/live/{shop}", f"Open: {serving.url}/live/{shop}")
    if not found.stocked:
        ko = "선반이 진열표의 수량대로 채워져 있다고 장부에 적었습니다."
        _say(args, ko, "The books now say that the shelves are filled as the planogram says.")
    if found.unpriced:
        some = ", ".join(found.unpriced[:5])
        _say(
            args,
            f"가격이 없는 진열 상품 {len(found.unpriced)}가지: {some}. 이것이 든 장바구니는 사람이 확인합니다.",
            f"{len(found.unpriced)} products on the shelves have no price: {some}. Their carts go to review.",
        )
    _say(args, "끝내려면 Ctrl-C.", "Ctrl-C ends it.")


def issue(args: argparse.Namespace) -> int:
    """Issue an entry code: through the shop that is open on this database, else directly."""
    from madang.serve.office import issue_credential

    given = issue_credential(settings_of(args), args.code, person=args.person, top_up_krw=args.top_up)
    _say(
        args,
        f"회원 {given.person} · 지갑 {given.wallet_krw:,}원",
        f"Person {given.person} · wallet ₩{given.wallet_krw:,}",
    )
    return 0


def check_log(args: argparse.Namespace) -> int:
    """Read every record of a shop's log, also while it is open; 1 where it is damaged."""
    from madang.walkout import logcheck

    folder = Path(settings_of(args).home) / "shops" / args.shop / "sensorlog"
    if not folder.is_dir():
        raise _no_log(folder)
    report = logcheck.check(folder)
    if args.json:
        sys.stdout.write(msgspec.json.encode(report).decode() + "\n")
        return 1 if report.faults else 0
    count = sum(report.messages.values())
    parts, size, devices = report.segments, f"{report.bytes:,}", len(report.messages)
    _say(
        args,
        f"{folder}: 조각 {parts}개, {size} 바이트, 메시지 {count:,}건 (센서 {devices}대)",
        f"{folder}: {parts} segments, {size} bytes, {count:,} messages of {devices} devices",
    )
    if report.torn_bytes:
        ko = f"끝에 쓰다 만 {report.torn_bytes} 바이트: 다음에 열 때 잘라 냅니다."
        _say(args, ko, f"{report.torn_bytes} bytes at the end are not a whole record; the next start cuts them off.")
    for position in report.anew:
        _say(args, f"위치 {position}에서 새로 시작했습니다.", f"It was begun anew at position {position}.")
    for fault in report.faults:
        at = f"{fault.file} @ {fault.position}"
        _say(args, f"손상 {at}: {fault.ko}.", f"damaged {at}: {fault.en}.")
    if not report.faults:
        _say(args, "검사합이 모두 맞습니다.", "All checksums are right.")
    return 1 if report.faults else 0


def new_log(args: argparse.Namespace) -> int:
    """Begin a shop's log anew behind what cannot be read, while it is shut; nothing is done where it can be read."""
    from madang.serve.office import new_log as begun

    position = begun(settings_of(args), args.shop)
    if position is None:
        _say(args, "기록이 온전합니다. 아무것도 바꾸지 않았습니다.", "The log is sound; nothing was changed.")
        return 0
    _say(
        args,
        f"위치 {position}에서 새 기록을 시작합니다. 다음 개점에 열린 방문은 사람이 확인하게 됩니다.",
        f"The log begins anew at position {position}; at the next opening, open visits go to review.",
    )
    return 0


def _no_log(folder: Path) -> MadangError:
    from madang.kernel import NotFound

    return NotFound(
        "serve.no_log",
        ko=f"센서 기록이 없습니다: {folder}",
        en=f"There is no sensor log: {folder}",
        next_ko="--shop의 가게 코드와 --data의 데이터 폴더를 확인하세요. 기록은 가게를 처음 열 때 생깁니다.",
        next_en="Check the shop's code (--shop) and the data folder (--data); a shop's first opening makes its log.",
    )


def _say(args: argparse.Namespace, ko: str, en: str) -> None:
    sys.stdout.write((ko if args.lang == "ko" else en) + "\n")
    sys.stdout.flush()
