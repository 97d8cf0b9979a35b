"""What a demo enacts: shop, seed, baskets, pace. Kept in its data folder, so that a second start goes on."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec

from madang import twin
from madang.kernel import Conflict
from madang.twin import baskets
from madang.twin.layout import SHAPES, build

SHOP = "madang-1"
NEIGHBOURHOOD = "demo"
EPOCH_US = 1_790_031_600_000_000
"""Where a headless run begins: 2026-09-22 08:00 in Seoul, always, so that two runs of a seed are the same."""
FIRST_US = 3_000_000
"""The first visitor comes this soon, so that there is something to see."""
FILE = "demo.json"
SCRIPT = "script.msgpack"


class Setting(msgspec.Struct, frozen=True, kw_only=True):
    """One demo. ``per_hour`` visits arrive at random; ``shape`` names a layout of the twin."""

    seed: int
    baskets: int
    epoch_us: int
    per_hour: float = 60.0
    shape: str = "neighbourhood"
    quality: str = "normal"


def keep(folder: Path, asked: Setting) -> Setting:
    """The setting of a data folder: what it was begun with, else ``asked``, which is then kept.

    Raises ``Conflict`` where the folder was begun with another seed, number of baskets or shop.
    """
    path = folder / FILE
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        half = folder / "writing"
        half.write_bytes(msgspec.json.encode(asked))
        half.rename(path)
        return asked
    there = msgspec.json.decode(path.read_bytes(), type=Setting)  # a first start that was killed leaves a whole file
    if msgspec.structs.replace(asked, epoch_us=there.epoch_us) != there:
        raise Conflict(
            "demo.other_setting",
            ko=f"{folder} 은(는) 다른 설정으로 시작한 데모입니다 ({_told(there)}).",
            en=f"The demo in {folder} was begun with another setting ({_told(there)}).",
            next_ko="같은 설정으로 다시 시작하거나, --data로 다른 폴더를 주세요.",
            next_en="Start it with the same setting, or give another folder with --data.",
        )
    return there


def _told(setting: Setting) -> str:
    return f"seed {setting.seed}, baskets {setting.baskets}, {setting.per_hour:g}/h, {setting.shape}"


class Script(msgspec.Struct, frozen=True):
    """The shop's layout, and who comes when and wants what."""

    layout: dict[str, Any]
    plan: twin.Plan


def script_of(folder: Path, setting: Setting) -> Script:
    """The script of a demo: written once, then read (the basket data take seconds)."""
    path = folder / SCRIPT
    if path.exists():
        return read_script(path)
    layout = layout_of(setting)
    script = Script(layout, plan_of(setting, layout))
    half = folder / "writing"
    half.write_bytes(msgspec.msgpack.encode(script))
    half.rename(path)
    return read_script(path)


def read_script(path: Path) -> Script:
    """Raises ``Conflict`` for one that another version of the program has written."""
    try:
        return msgspec.msgpack.decode(path.read_bytes(), type=Script)
    except msgspec.MsgspecError as fault:
        raise Conflict(
            "demo.other_version",
            ko=f"{path.parent} 은(는) 다른 버전의 프로그램으로 시작한 데모입니다.",
            en=f"The demo in {path.parent} was begun by another version of the program.",
            next_ko="그 폴더를 지우거나, --data로 다른 폴더를 주세요.",
            next_en="Delete that folder, or give another one with --data.",
        ) from fault


def layout_of(setting: Setting) -> dict[str, Any]:
    """The shop, with prices as the basket data relate them; weighed goods are priced per 100 g as the till does."""
    layout = baskets.with_real_prices(build(setting.shape, SHAPES[setting.shape], seed=setting.seed))
    return layout | {"products": [_per_100_g(product) for product in layout["products"]]}


def _per_100_g(product: dict[str, Any]) -> dict[str, Any]:
    """The twin's prices are for a piece; a weighed product's becomes one for 100 g, rounded to ten won."""
    if product.get("sold_by") != "weight":
        return product
    return product | {"price": max(10, round(product["price"] * 100 / product["weight_g"] / 10) * 10)}


def plan_of(setting: Setting, layout: dict[str, Any]) -> twin.Plan:
    """Who comes when and wants what."""
    stocked = [product["id"] for product in layout["products"]]
    found = baskets.real_baskets(setting.baskets, setting.seed, stocked=stocked)
    plan = twin.busy_plan(
        twin.Geometry(layout), found, epoch_us=setting.epoch_us, per_hour=setting.per_hour, seed=setting.seed
    )
    if not plan.visits:
        return plan
    early_us = plan.visits[0].arrive_us - setting.epoch_us - FIRST_US
    return replace(plan, visits=tuple(replace(v, arrive_us=v.arrive_us - early_us) for v in plan.visits))
