"""The hub is shut while people shop; its sensors keep what they say and send it when it is open again."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from tests.serve.serve_shop import LAYOUT, visit

from madang.doors import Gateway
from madang.kernel import ManualClock
from madang.walkout import belief, model
from madang.walkout.belief import Belief
from madang.walkout.engine import Engine
from madang.walkout.engine.reach import FAR_NATS, Grasp
from madang.walkout.sensorlog import LogReader, SensorLog

EPOCH_US = ManualClock().now_us()
SENT, TRUTH = visit(EPOCH_US)
STORE = msgspec.json.encode(LAYOUT)


def logged(folder: Path, *, shut: tuple[int, int] | None, resend: bool = True) -> Path:
    """The log of a hub that was shut from one time to another (microseconds after the first message)."""
    began_us = SENT[0][0]
    stop_us, open_us = (began_us + shut[0], began_us + shut[1]) if shut else (SENT[-1][0] + 1,) * 2
    clock = ManualClock(began_us)
    log = SensorLog(folder)
    _take(Gateway(log, clock=clock), clock, [one for one in SENT if one[0] < stop_us])
    if shut is not None:
        log.close()
        log = SensorLog(folder)
    clock.set(max(open_us, clock.now_us()))
    gateway = Gateway(log, clock=clock)
    gateway.tick()
    kept = [one for one in SENT if stop_us <= one[0] < open_us]
    kept.sort(key=lambda one: (b"cameras" in one[1], one[0]))  # one device after the other sends what it has kept
    for _, body in kept if resend else []:
        clock.advance(us=2_000)
        gateway.receive([body])
    _take(gateway, clock, [one for one in SENT if one[0] >= open_us])
    for _ in range(60):
        clock.advance(us=200_000)
        gateway.tick()
    log.close()
    return folder


def _take(gateway: Gateway, clock: ManualClock, messages: list[tuple[int, bytes]]) -> None:
    for at_us, body in messages:
        clock.set(max(clock.now_us(), at_us))
        gateway.receive([body])


def receipts(folder: Path) -> list[dict[str, int]]:
    return [{line.product: line.qty for line in said.lines} for said in told(folder)]


def told(folder: Path) -> list[model.Receipt]:
    believed = Belief(STORE, 0)
    end = SensorLog(folder)
    upto = end.end
    end.close()
    found: dict[str, model.Receipt] = {}
    for placed in LogReader(folder, 0).read(upto):
        for frame in believed.feed(placed):
            found |= {said.visit: said for said in frame.lasting if isinstance(said, model.Receipt)}
    return list(found.values())


def middle(share: float, long_us: int) -> tuple[int, int]:
    """A stop in the middle of the visit."""
    start = round((SENT[-1][0] - SENT[0][0]) * share)
    return start, start + long_us


@pytest.mark.parametrize("share", [0.3, 0.45, 0.6])
def test_what_sensors_kept_while_the_hub_was_shut_counts(tmp_path: Path, share: float) -> None:
    assert receipts(logged(tmp_path / "whole", shut=None)) == [TRUTH]
    assert receipts(logged(tmp_path / "shut", shut=middle(share, 4_000_000))) == [TRUTH]


def test_without_patience_a_stop_would_lose_what_was_taken_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control: the same log, and an engine that does not wait."""
    folders = [logged(tmp_path / f"{k}", shut=middle(0.1 * k, 8_000_000)) for k in (2, 3, 4, 5)]
    assert [receipts(folder) for folder in folders] == [[TRUTH]] * 4
    monkeypatch.setattr(Engine, "be_patient", lambda self, since: None)
    assert [receipts(folder) for folder in folders] != [[TRUTH]] * 4


def test_a_stop_of_less_than_a_second_leaves_no_doubt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def sure(name: str, shut: tuple[int, int] | None) -> float:
        (said,) = told(logged(tmp_path / name, shut=shut))
        return round(said.confidence, 4)

    whole, shares = sure("whole", None), (0.4, 0.55, 0.6)
    assert [sure(f"{share}", middle(share, 950_000)) for share in shares] == [whole] * 3
    monkeypatch.setattr(belief, "DEAF_US", 1_000_000)
    assert [sure(f"{share} again", middle(share, 950_000)) for share in shares] != [whole] * 3, "the negative control"


def test_a_hub_whose_sensors_keep_nothing_goes_on_after_a_moment(tmp_path: Path) -> None:
    said: list[float] = []
    believed = Belief(STORE, 0)
    folder = logged(tmp_path / "shut", shut=middle(0.3, 4_000_000), resend=False)
    log = SensorLog(folder)
    upto = log.end
    log.close()
    for placed in LogReader(folder, 0).read(upto):
        for frame in believed.feed(placed):
            said += [placed.record.arrival_us / 1e6 - u.t for u in frame.passing if isinstance(u, model.Person)]
    assert said[-1] < 2.0
    assert believed.patient_us == 0
    assert belief.PATIENCE_US < belief.PATIENCE_MAX_US


def test_what_went_while_nobody_kept_anything_is_asked_of_who_was_there_and_of_a_person(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (whole,) = told(logged(tmp_path / "whole", shut=None))
    (shut,) = told(logged(tmp_path / "shut", shut=middle(0.3, 4_000_000), resend=False))
    assert whole.decision == "charge"
    assert shut.decision == "review"
    assert shut.confidence < whole.confidence - 0.1
    assert {line.product: line.qty for line in shut.lines} == TRUTH
    monkeypatch.setattr(Grasp, "_out_of_sight", lambda *_: FAR_NATS)
    assert receipts(tmp_path / "shut") != [TRUTH], "the negative control: hands count only where a camera saw them"


def test_after_a_long_stop_a_visit_that_was_open_is_nobodys_sure_receipt(tmp_path: Path) -> None:
    (said,) = told(logged(tmp_path / "shut", shut=middle(0.3, 400_000_000), resend=False))
    assert said.decision == "review"
    assert said.confidence < 0.7
