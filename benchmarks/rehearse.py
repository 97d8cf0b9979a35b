"""A shop day of ``madang rehearse`` on two cores: 16 opening hours, 60 parties an hour, 300 plates.

Beside the wall time stand the processor seconds of its two parts, the twin's generation and the engine, which run in a
process each: the day cannot be faster than the slower one. The bare cost is letting people act without any sensor.
``--data FOLDER`` rehearses the ``shop.yaml`` of that folder instead.
"""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path

from benchmarks.report import Report, Table

SUMMARY = "a shop day of `madang rehearse` on two cores: wall time, twin, engine"
GOAL_S = 120.0
DAY = "name: bench\nshoppers: {open: 07:00-23:00, per_hour: 60}\nstaff: {restock_at: [09:00, 13:00, 17:00, 21:00]}\n"


def run(data: Path | None) -> Report:
    """Rehearse one day with two processes."""
    from madang.rehearsal.laying import laid_out
    from madang.rehearsal.running import rehearse
    from madang.rehearsal.shopfile import read

    with tempfile.TemporaryDirectory() as scratch:
        path = (data or Path(scratch)) / "shop.yaml"
        if data is None:
            path.write_text(DAY, encoding="utf-8")
        shop = read(path)
        laid = laid_out(shop)
        began, waited = time.monotonic(), os.getloadavg()[0]
        [found] = rehearse([(shop, laid)], days=1, seed=1, jobs=2, tell=lambda _: None)
        wall_s = time.monotonic() - began
    day = found.days[0]
    act_s = _acting_s(shop, laid)
    report = Report("rehearse")
    report.figures = {
        "wall_s": wall_s,
        "twin_s": day.twin_s,
        "engine_s": day.engine_s,
        "twin_x": day.shop_s / day.twin_s,
        "engine_x": day.shop_s / day.engine_s,
        "receipts": len(day.receipts),
    }
    report.references = {"wall_s": GOAL_S, "twin_s": act_s}
    table = Table(
        "One day on two cores", ("parties", "shop h", "twin CPU s", "engine CPU s", "wall s", "acting alone s")
    )
    table.rows.append(
        (
            f"{len(day.receipts):,}",
            f"{day.shop_s / 3600:.1f}",
            f"{day.twin_s:.0f}",
            f"{day.engine_s:.0f}",
            f"{wall_s:.0f}",
            f"{act_s:.1f}",
        )
    )
    report.tables = [table]
    report.notes = [
        f"Goal {GOAL_S:.0f} s of wall time on two idle cores; load average at the start {waited:.1f}. The slower of "
        "twin and engine is the limit.\nThe shop, its people and sensors are simulated."
    ]
    return report


def _acting_s(shop: object, laid: object) -> float:
    """Processor seconds to enact the day without reading any sensor: a stream that starts at its end."""
    from madang.rehearsal.crowd import HOUR_US
    from madang.rehearsal.days import script_of
    from madang.twin import Shop

    script = script_of(shop, laid.layout, 1, 1)  # type: ignore[arg-type, attr-defined]
    last_us = script.plan.visits[-1].arrive_us + HOUR_US
    began = time.process_time()
    for _ in Shop(laid.layout, 1001, shop.sensors).stream(script.plan, start_us=last_us):  # type: ignore[attr-defined]
        pass
    return time.process_time() - began
