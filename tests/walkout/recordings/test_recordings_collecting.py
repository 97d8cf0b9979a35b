"""While a recording is read or replayed the collector leaves alone what lasts; afterwards all is as before."""

from __future__ import annotations

import gc
from pathlib import Path

import pytest
from tests.walkout.recordings import small_case

from madang.walkout.recordings import RecordingError, read_case, replay
from madang.walkout.recordings.collecting import lasting, uncollected


def test_the_collector_works_again_after_a_replay_and_after_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    folder = small_case.write_case(tmp_path)
    frozen: list[bool] = []

    def looks(_: object) -> None:  # at every twentieth: what is frozen is counted one by one
        frozen.append(gc.get_freeze_count() > 0 if len(frozen) % 20 == 0 else frozen[-1])

    replay(read_case(folder, tmp_path / "stores"), listener=looks)
    assert len(frozen) > 20
    assert all(frozen)
    assert gc.isenabled()
    assert gc.get_freeze_count() == 0
    (folder / "plates.npz").unlink()
    with pytest.raises(RecordingError):
        read_case(folder, tmp_path / "stores")
    assert gc.isenabled()


def test_whoever_froze_or_switched_off_the_collector_finds_it_so_afterwards() -> None:
    gc.freeze()
    gc.disable()
    try:
        with lasting(), uncollected():
            assert not gc.isenabled()
        assert not gc.isenabled()
        assert gc.get_freeze_count() > 0
    finally:
        gc.unfreeze()
        gc.enable()
