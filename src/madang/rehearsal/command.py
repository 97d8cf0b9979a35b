"""``madang rehearse``: open a shop that does not exist yet, and compare layouts, before a sensor is bought."""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from importlib import resources
from pathlib import Path
from typing import Any

from madang.kernel import Invalid, Malformed


def add_parser(commands: Any) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "rehearse",
        help="아직 없는 가게를 하루 열어 보기 · open a shop that does not exist yet for a day",
        description="Enact days of a shop laid out in SHOP.yaml on the twin, run them through the real engine, and say "
        "with uncertainty what they came to. Several files are compared with the first. Everything is simulated.",
    )
    parser.add_argument("shops", nargs="*", type=Path, metavar="SHOP.yaml")
    parser.add_argument("--out", type=Path, default=Path("rehearsal"), metavar="DIR", help="report.html and variants")
    parser.add_argument("--json", type=Path, metavar="FILE", help="결과를 JSON으로 · the result as JSON")
    parser.add_argument("--days", type=int, default=1, metavar="N", help="며칠 · how many days (default 1)")
    parser.add_argument(
        "--seed", type=int, default=1, metavar="S", help="같은 시드는 같은 결과 · same seed, same result"
    )
    parser.add_argument("--jobs", type=int, default=min(2, os.cpu_count() or 1), metavar="N", help="processes")
    parser.add_argument("--example", action="store_true", help="예제 가게 파일을 보여 주기 · print an example file")
    parser.add_argument("--lang", choices=("ko", "en"), default="ko")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Rehearse and write the report; 0 when done."""
    if args.example:
        sys.stdout.write(example(args.lang))
        return 0
    _check(args)
    from madang.rehearsal.document import document
    from madang.rehearsal.laying import laid_out
    from madang.rehearsal.progress import Bar
    from madang.rehearsal.report import html
    from madang.rehearsal.running import rehearse
    from madang.rehearsal.shopfile import read

    began = time.monotonic()
    shops = [(shop, laid_out(shop)) for shop in (read(path) for path in args.shops)]
    _same_name([shop.name for shop, _ in shops])
    bar = Bar(sys.stderr, args.lang)
    runs = rehearse(shops, days=args.days, seed=args.seed, jobs=args.jobs, tell=bar)
    content = document(runs, seed=args.seed, took_s=time.monotonic() - began, cores=args.jobs)
    args.out.mkdir(parents=True, exist_ok=True)
    for shop in content["shops"]:
        shop["variant"] = _variant(args, shop)
    page = args.out / "report.html"
    page.write_text(html(content, runs, args.lang), encoding="utf-8")
    if args.json:
        args.json.parent.mkdir(parents=True, exist_ok=True)
        args.json.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    sys.stdout.write(_told(content, page, args.lang))
    return 0


def example(language: str) -> str:
    """The commented example file."""
    return resources.files("madang.rehearsal").joinpath("templates", f"example.{language}.yaml").read_text("utf-8")


def _check(args: argparse.Namespace) -> None:
    for name, low, high in (("days", 1, 366), ("jobs", 1, 256), ("seed", 0, 4_000_000)):
        if not low <= getattr(args, name) <= high:
            raise Invalid(
                "rehearsal.bad_option",
                ko=f"--{name}은(는) {low}~{high}이어야 합니다.",
                en=f"--{name} must be from {low} to {high}.",
                next_ko="값을 고쳐 다시 실행하세요.",
                next_en="Change it and run again.",
                option=name,
            )
    if not args.shops:
        raise Malformed(
            "rehearsal.no_shop",
            ko="가게 파일을 주지 않았습니다.",
            en="No shop file was given.",
            next_ko="madang rehearse --example > shop.yaml 로 만들고 madang rehearse shop.yaml 을 실행하세요.",
            next_en="Make one with madang rehearse --example --lang en > shop.yaml, then run madang rehearse shop.yaml",
        )


def _same_name(names: list[str]) -> None:
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise Invalid(
            "rehearsal.same_name",
            ko=f"두 가게의 이름이 같습니다: {twice[0]}.",
            en=f"Two shops have the same name: {twice[0]}.",
            next_ko="name을 다르게 적으세요.",
            next_en="Give each its own name.",
        )


def _variant(args: argparse.Namespace, shop: dict[str, Any]) -> str:
    """Write the shop with the suggested swaps beside the report; empty when there is none to suggest."""
    swaps = [list(p["swap"]) for p in shop["pairs"] if p["swap"]]
    if not swaps:
        return ""
    source = next(path for path in args.shops if path.name == shop["file"])
    path = args.out / f"{source.stem}-swap.yaml"
    like = os.path.relpath(source.resolve(), args.out.resolve())
    every = [*shop["setting"]["swaps"], *swaps]
    text = {
        "ko": "# 보고서가 권한 자리 바꾸기. 나머지는 like 파일과 같습니다.",
        "en": "# The swaps the report suggests; the rest is as in the file it is like.",
    }[args.lang]
    name = f"{shop['name']} ({'자리 바꿈' if args.lang == 'ko' else 'swapped'})"
    path.write_text(
        f"{text}\nlike: {json.dumps(like, ensure_ascii=False)}\nname: {json.dumps(name, ensure_ascii=False)}\n"
        f"swaps: [{', '.join(f'[{a}, {b}]' for a, b in every)}]\n",
        encoding="utf-8",
    )
    return str(path)


def _told(content: dict[str, Any], page: Path, language: str) -> str:
    """The figures of every shop in a few lines."""
    lines = []
    for shop in content["shops"]:
        f = shop["figures"]
        values = (
            shop["name"],
            f["receipts"],
            *(100 * f["exact"][k] for k in ("value", "low", "high")),
            f["reviews_day"]["value"],
            f["staff_min_day"]["value"],
            f["at_risk_krw_day"]["value"],
            f["lost_krw_day"]["value"],
        )
        lines.append(
            (
                "{} (시뮬레이션, 영수증 {:,}건): 정확 {:.1f}% ({:.1f}–{:.1f}), 확인 {:.0f}건/일, 직원 {:.0f}분/일, "
                "잘못될 금액 {:,.0f}원/일, 놓친 매출 {:,.0f}원/일"
                if language == "ko"
                else "{} (simulated, {:,} receipts): exact {:.1f}% ({:.1f}–{:.1f}), {:.0f} reviews a day, staff {:.0f} "
                "min a day, at risk ₩{:,.0f} a day, lost sales ₩{:,.0f} a day"
            ).format(*values)
        )
    lines.append(f"{'보고서' if language == 'ko' else 'Report'}: {page}")
    return "\n".join(lines) + "\n"
