"""What a shop learns of its plates' noise: kept by the hour, learned once a night, handed to the next run.

The engine measures what plates do at rest. An hour teaches of a plate unless a person's answer says that something told
there in that hour was none: what the plate did then was not understood. docs/learning.md.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from madang.db import Tx
from madang.deals.model import Deal
from madang.kernel.clock import DAY_US, HOUR_US, SECOND_US
from madang.walkout import learning_records as records
from madang.walkout import tasks, trembling
from madang.walkout.engine import Settings
from madang.walkout.holds import Move
from madang.walkout.learning_records import Row
from madang.walkout.model import Trembled
from madang.walkout.pricing import Offer

WINDOW_US = 7 * DAY_US
"""Older hours teach nothing any more."""
PLATES_A_NIGHT = 40
"""So many plates may move in a night, those that are furthest off first: a shop that shakes is another fault."""
TOLD_A_NIGHT = 3
UNKNOWN_G = Settings().plate_noise_g
ALARM_G = Settings().noisy_g
"""From here on the engine itself says that a plate is noisy, and nobody is asked twice."""

Doc = dict[str, Any]
Hours = dict[str, list[tuple[int, float]]]


class Found(NamedTuple):
    """A noise to believe of a plate from now on, against ``base``, from so many hours."""

    plate: str
    grams: float
    base: float
    hours: int


# --- evidence ---------------------------------------------------------------------------------------------------------
def heard(tx: Tx, shop: str, said: Trembled) -> None:
    """The engine tells what plates did at rest in an hour."""
    records.add_noise(tx, shop, said.grams, round(said.t * SECOND_US))


def contradicted(tx: Tx, deal: Deal, said: Offer, carried: Mapping[str, int], moves: Iterable[Move]) -> None:
    """A person found that less was carried out than the engine ``said``, and nothing else instead: what was told as
    taken where that lay was none."""
    told = said.carried()
    if any(n > told.get(product, 0) for product, n in carried.items()):
        return
    less = {product for product, n in told.items() if n > carried.get(product, 0)}
    where = [(m.facing, round(m.t * SECOND_US)) for m in moves if m.pick and m.qty and m.product in less]
    records.add_contradicted(tx, deal.shop, deal.id, where)


# --- lessons ----------------------------------------------------------------------------------------------------------
def study(tx: Tx, shop: str, document: Doc, at_us: int) -> list[Found]:
    """What follows from the hours of the last days for the plates of a store document; asks staff to look at those
    that are out of the ordinary."""
    wrong = _plates_of(document, records.contradictions(tx, shop, at_us - WINDOW_US))
    hours = _hours(tx, shop, at_us - WINDOW_US, wrong)
    _ask(tx, shop, document, hours, {plate: len(times) for plate, times in wrong.items()}, at_us)
    rows = {row.facing: row for row in records.values(tx, shop) if row.what == "noise"}
    found: list[tuple[float, Found]] = []
    for plate in document["plates"]:
        name, base = str(plate["id"]), _base(plate)
        row = rows.get(name)
        if row is not None and at_us - row.from_us < DAY_US:
            continue
        now_g = row.value if row is not None and row.value is not None and row.base == base else base
        grams = _since(hours, name, row.from_us if row is not None and row.why == "undone" else 0)
        new = trembling.lesson(grams, now_g=now_g)
        if new is not None:
            far = abs(math.log(statistics.median(grams) / now_g))
            found.append((-far, Found(name, round(new, 2), base, len(grams))))
    return [one for _, one in sorted(found)[:PLATES_A_NIGHT]]


def _hours(tx: Tx, shop: str, since_us: int, wrong: Mapping[str, list[int]]) -> Hours:
    """(when it ended, grams) of the hours of every plate that no answer contradicts."""
    hours: Hours = {}
    for end_us, grams in records.noise(tx, shop, since_us):
        for plate, g in grams.items():
            if not any(end_us - HOUR_US <= t_us < end_us for t_us in wrong.get(plate, ())):
                hours.setdefault(plate, []).append((end_us, g))
    return hours


def _since(hours: Hours, plate: str, since_us: int) -> list[float]:
    return [g for end_us, g in hours.get(plate, ()) if end_us > since_us]


def _plates_of(document: Doc, moves: Iterable[tuple[str, int]]) -> dict[str, list[int]]:
    """When something was told in the facing of each plate that was none."""
    of = {str(facing["id"]): [str(plate) for plate in facing["plates"]] for facing in document["planogram"]}
    found: dict[str, list[int]] = {}
    for facing, at_us in moves:
        for plate in of.get(facing, ()):
            found.setdefault(plate, []).append(at_us)
    return found


# --- staff ------------------------------------------------------------------------------------------------------------
def _ask(tx: Tx, shop: str, document: Doc, hours: Hours, wrong: Mapping[str, int], at_us: int) -> None:
    """Staff look at plates that are out of the ordinary over days; whoever is ordinary again needs no look."""
    now = {str(plate["id"]) for plate in document["plates"]}
    noise = {
        plate: statistics.median(g for _, g in of)
        for plate, of in hours.items()
        if plate in now and len(of) >= trembling.BOUNDS.least and of[-1][0] - of[0][0] >= DAY_US
    }
    odd = [plate for plate in trembling.odd(noise, wrong) if noise[plate] < ALARM_G]
    for task in tasks.open_of(tx, shop, "plate"):
        if task.facing not in odd:
            tasks.withdraw(tx, shop, "plate", facing=task.facing, at_us=at_us)
    lies = {str(plate): str(facing["id"]) for facing in document["planogram"] for plate in facing["plates"]}
    for plate in [plate for plate in odd if _still(tx, shop, plate, hours, noise)][:TOLD_A_NIGHT]:
        details = {
            "grams": round(noise[plate], 1),
            "usual_g": round(trembling.usual(noise), 1),
            "home": lies.get(plate, ""),
            "hours": len(hours[plate]),
            "contradicted": wrong.get(plate, 0),
        }
        tasks.raise_task(tx, shop, "plate", facing=plate, details=details, at_us=at_us)


def _still(tx: Tx, shop: str, plate: str, hours: Hours, noise: Mapping[str, float]) -> bool:
    """Once somebody has seen to it only what it does since speaks against it."""
    known = tasks.latest(tx, shop, "plate", facing=plate)
    if known is None or known.state != "done":
        return True
    since = _since(hours, plate, known.changed_at_us)
    return len(since) >= trembling.BOUNDS.least and plate in trembling.odd(
        {**noise, plate: statistics.median(since)}, {}
    )


# --- the store document -----------------------------------------------------------------------------------------------
def _base(plate: Doc) -> float:
    """What is believed of a plate's noise where nothing was learned."""
    said = UNKNOWN_G if plate.get("noise_g") is None else float(plate["noise_g"])
    return min(max(said, trembling.BOUNDS.min_g), trembling.BOUNDS.max_g)


def overlay(made: Doc, rows: Iterable[Row]) -> dict[str, list[float | None]]:
    """Write what was learned into the plates of a document; gives what was and what is, by plate. What was learned
    against another noise is left out."""
    plates = {str(plate["id"]): plate for plate in made["plates"]}
    put: dict[str, list[float | None]] = {}
    for row in rows:
        plate = plates.get(row.facing)
        if row.what == "noise" and row.value is not None and plate is not None and _base(plate) == row.base:
            put[row.facing] = [plate.get("noise_g"), row.value]
            plate["noise_g"] = row.value
    return put


def strip(made: Doc, put: Mapping[str, list[float | None]]) -> None:
    """Take it out again."""
    for plate in made["plates"]:
        if str(plate["id"]) in put:
            before = put[str(plate["id"])][0]
            plate.pop("noise_g")
            if before is not None:
                plate["noise_g"] = before
