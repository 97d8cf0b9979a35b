"""A new sensor log for a shop whose old one cannot be read up to where the books are: a bad disk, a lost folder.

What can be read stays and is destroyed in its time; behind it, and behind all that the database has applied, a segment
is begun that nothing leads to. The next start gives the engine a fresh belief there; open visits go to review.
"""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

from madang import journal
from madang.db import Database
from madang.kernel import Actor, derived
from madang.walkout import facts, logcheck, records, sensorlog, snapshots
from madang.walkout.sensorlog import Header
from madang.walkout.shop import SENSORLOG, SNAPSHOTS


def needed(folder: Path, applied: int) -> str:
    """Why the log in ``folder`` cannot be gone on with where the database has applied ``applied`` of it: ``damaged``
    or ``short``; "" where it can."""
    since = sensorlog.begun_anew(folder)
    report = logcheck.check(folder)
    if any(fault.stops and fault.position >= since for fault in report.faults):
        return "damaged"
    return "short" if report.end < applied else ""


def begin(db: Database, by: Actor, shop: str, folder: Path, *, at_us: int) -> int | None:
    """Begin the log of a shop whose files are in ``folder`` anew where that is needed, and put it on record.

    The position it begins at; None: the old one can be gone on with, and nothing was done. Whoever calls owns the log.
    """
    log_folder = folder / SENSORLOG
    run = db.read(lambda tx: records.last_run(tx, shop), neighbourhood=by.neighbourhood)
    applied = 0 if run is None else run.position
    why = needed(log_folder, applied)
    if not why:
        return None
    position = max([applied, *(start + path.stat().st_size for start, path in sensorlog.segments(log_folder))])
    body = facts.LogBegunAnew(position=position, applied=applied, why=why)
    id = derived("walkout.log_begun_anew", by.neighbourhood, shop, position, at_us)
    db.write(
        lambda tx: journal.append(tx, by, body, id=id, at_us=at_us, subject=shop, shop=shop),
        neighbourhood=by.neighbourhood,
    )
    snapshots.forget_beyond(folder / SNAPSHOTS, -1)
    _segment(log_folder, Header(position, at_us, anew=True))
    return position


def _segment(folder: Path, header: Header) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{header.start:020d}.seg"
    half = path.with_suffix(".writing")
    with half.open("wb") as file:
        file.write(sensorlog.MAGIC + sensorlog.framed(msgspec.msgpack.encode(header)))
        file.flush()
        os.fsync(file.fileno())
    half.rename(path)
    sensorlog.sync_folder(folder)
