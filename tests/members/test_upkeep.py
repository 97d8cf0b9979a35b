"""Once a day, what has been kept long enough goes."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

from madang import files, guard, jobs, members
from madang.db import Database, Tx
from madang.kernel import ManualClock, system
from madang.kernel.clock import DAY_US

BY = system("n1")
MINA = UUID(int=1)


def test_a_days_tidying_takes_what_is_over_and_leaves_the_rest(db: Database, tmp_path: Path) -> None:
    clock = ManualClock(0)
    store = files.Store(tmp_path / "files", clock)
    sha256 = store.put("n1", b"scan")

    def live(tx: Tx) -> None:
        members.add_person(tx, BY, key=MINA, fields={"full_name": "김미나", "phone": "010-1234-5678"}, at_us=0)
        members.leave(tx, BY, MINA, at_us=0)
        for number, kept in enumerate((files.Retention.SENSOR, files.Retention.TRADE)):
            files.keep(
                tx, BY, id=UUID(int=number), sha256=sha256, size=4, media_type="text/plain", retention=kept, at_us=0
            )
        guard.once(tx, BY, key="k", request=b"r" * 32, at_us=0, act=lambda: guard.Answer(200))
        jobs.set_timer(tx, id=UUID(int=1), due_us=0, kind="none", payload={})

    def tidy(days: int) -> members.Tidied:
        clock.set(days * DAY_US + 1)
        return members.upkeep(db, store, BY, now_us=clock.now_us())

    db.write(live, neighbourhood="n1")
    db.write(lambda tx: jobs.cancel_timer(tx, id=UUID(int=1), at_us=0), neighbourhood="n1")
    assert tidy(1) == members.Tidied(fields=1, contents=0, answers=0, jobs=0)
    assert tidy(8) == members.Tidied(fields=0, contents=0, answers=1, jobs=0)
    assert tidy(31) == members.Tidied(fields=1, contents=0, answers=0, jobs=1)
    assert store.get("n1", sha256) == b"scan"
    assert tidy(5 * 365) == members.Tidied(fields=0, contents=1, answers=0, jobs=0)
    assert tidy(5 * 365) == members.Tidied(fields=0, contents=0, answers=0, jobs=0)
