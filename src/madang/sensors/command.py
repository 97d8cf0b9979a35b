"""``madang sensors send``: sensors of a simulated or recorded shop that speak to a real gateway, in real time."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from madang.kernel import SystemClock

if TYPE_CHECKING:
    from madang.sensors.outbox import Outbox
    from madang.sensors.senders import Sender
    from madang.sensors.sources import Due
    from madang.walkout.messages import Message

TOGETHER_US = 100_000
LAST_S = 60.0


def add_parser(commands: Any) -> None:
    """Declare the command."""
    sensors = commands.add_parser("sensors", help="센서 흉내 · sensors that speak to a shop")
    steps = sensors.add_subparsers(dest="step", required=True, metavar="STEP")
    send = steps.add_parser(
        "send",
        help="가상 센서나 녹화를 보냄 · send what a twin or a recording senses",
        description="Sends in real time, from now on, by MQTT or HTTP. What the shop has not confirmed stays in the "
        "outbox and is sent again, also after a restart. The shop's books will hold what is sent: use one for trials.",
    )
    send.add_argument("--to", required=True, metavar="URL", help="mqtt://host:1883, mqtts://… or http://host:8300")
    send.add_argument("--shop", required=True, help="가게 코드 · the shop's code")
    what = send.add_mutually_exclusive_group(required=True)
    what.add_argument("--twin", type=Path, metavar="STORE.JSON", help="이 배치의 가상 가게 · a twin of this layout")
    what.add_argument("--recording", type=Path, metavar="CASE", help="녹화 폴더 · a recording's folder")
    send.add_argument("--mqtt-version", choices=("3.1.1", "5"), default="3.1.1", help="MQTT 판 · version of MQTT")
    send.add_argument("--mqtt-ca", default="", metavar="PEM", help="중개자의 인증 기관 · authority of the broker")
    send.add_argument("--devices", type=Path, metavar="FILE", help="센서 열쇠 TOML · the sensors' keys, as for serve")
    send.add_argument("--outbox", type=Path, default=Path("var/outbox.db"), metavar="FILE", help="var/outbox.db")
    send.add_argument("--visits", type=int, default=20, help="가상 손님 수 · shoppers of the twin (20)")
    send.add_argument("--per-hour", type=float, default=60.0, help="시간당 손님 · of them in an hour (60)")
    send.add_argument(
        "--faults", default="normal", choices=("none", "normal", "wide"), help="센서 고장 · sensor faults"
    )
    send.add_argument("--seed", type=int, default=1)
    send.add_argument("--lang", choices=("ko", "en"), default="ko")
    send.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Send until everything is sent and confirmed, or Ctrl-C; 1 where something stays in the outbox."""
    from madang.sensors.outbox import Outbox

    outbox = Outbox(args.outbox)
    waiting = len(outbox)
    if waiting:
        _say(args, f"지난번에 남은 {waiting}건부터 보냅니다.", f"{waiting} messages of last time go first.")
    due = _numbered(_source(args), outbox)
    sender = _sender(args, outbox)
    sent = 0
    try:
        for handful in _paced(due):
            sender.send(handful)
            sent = _told(args, sent, len(handful), outbox)
        settled = sender.settle(LAST_S)
        left = len(outbox)
    finally:
        sender.close()
    _say(args, f"보냄 {sent}건, 확인 안 된 것 {left}건.", f"{sent} messages sent, {left} not confirmed.")
    return 0 if settled else 1


def _source(args: argparse.Namespace) -> Iterator[Due]:
    from madang.sensors.sources import enacted, recorded

    epoch_us = SystemClock().now_us() + 1_000_000
    if args.recording is not None:
        return recorded(args.recording, epoch_us=epoch_us)
    from madang.twin.command import shop_layout

    layout = shop_layout(str(args.twin))
    more = {"per_hour": args.per_hour, "visits": args.visits, "seed": args.seed, "faults": args.faults}
    plan, due = enacted(layout, epoch_us=epoch_us, **more)
    codes = f"{plan.credentials[0]} … {plan.credentials[-1]}" if plan.credentials else "-"
    _say(args, f"입장 코드 {codes} (madang credential로 발급)", f"Entry codes {codes} (issue them: madang credential)")
    return due


def _sender(args: argparse.Namespace, outbox: Outbox) -> Sender:
    from madang.doors.brokers import broker
    from madang.sensors.senders import HttpSender, MqttSender
    from madang.serve import keys

    known = None if args.devices is None else keys.device_keys(args.devices)
    if args.to.startswith(("http://", "https://")):
        return HttpSender(outbox, args.to, keys=known)
    there = broker(args.to, version=args.mqtt_version, authority=args.mqtt_ca)
    return MqttSender(outbox, args.shop, there, identifier=f"madang-sensors-{args.shop}", keys=known)


def _numbered(due: Iterator[Due], outbox: Outbox) -> Iterator[Due]:
    """Every device's numbers go on where the outbox's end."""
    import msgspec

    first: dict[str, int] = {}
    for at_us, message in due:
        if message.device not in first:
            first[message.device] = outbox.next_seq(message.device)
        yield at_us, msgspec.structs.replace(message, seq=first[message.device] + message.seq)


def _paced(due: Iterator[Due]) -> Iterator[list[Message]]:
    """Messages as they fall due, some together."""
    clock = SystemClock()
    handful: list[Message] = []
    first_us = 0
    for at_us, message in due:
        if handful and at_us - first_us > TOGETHER_US:
            yield handful
            handful = []
        time.sleep(max(0, at_us - clock.now_us()) / 1e6)
        first_us = first_us if handful else at_us
        handful.append(message)
    if handful:
        yield handful


def _told(args: argparse.Namespace, before: int, more: int, outbox: Outbox) -> int:
    now = before + more
    if now // 500 > before // 500:
        _say(args, f"보냄 {now}건, 확인 기다림 {len(outbox)}건", f"{now} sent, {len(outbox)} not yet confirmed")
    return now


def _say(args: argparse.Namespace, ko: str, en: str) -> None:
    sys.stdout.write((ko if args.lang == "ko" else en) + "\n")
    sys.stdout.flush()
