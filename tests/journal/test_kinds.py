"""Kinds of fact, their versions, and the bytes they were once written in."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import pytest
import sqlalchemy as sa
from tests.journal import facts_table
from tests.journal.sample_facts import Counted

from madang.db import Database, Tx
from madang.journal import KINDS, Opaque, Stage, chain, records, service
from madang.journal.kinds import Kinds
from madang.kernel import system

ID = UUID("0199aa12-7c1e-7000-8000-000000000001")
GOLDEN = sorted((Path(__file__).parent / "golden").glob("*.json"))


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_what_was_written_once_still_reads(path: Path) -> None:
    facts_table.kinds()
    golden = msgspec.json.decode(path.read_bytes())
    body = KINDS.decode(golden["kind"], golden["version"], msgspec.json.encode(golden["written"]).decode())
    assert msgspec.to_builtins(body) == golden["reads"]


def test_every_old_version_has_its_upcaster_and_its_golden_file() -> None:
    facts_table.kinds()
    assert KINDS.gaps() == []
    old = {f"{kind.name}.v{version}" for kind in KINDS for version in range(1, kind.version)}
    assert old <= {path.stem for path in GOLDEN}


def test_the_document_lists_every_kind_with_its_fields() -> None:
    assert facts_table.written() == facts_table.table(), "run: python -m tests.journal.facts_table"


def test_every_kind_says_what_happened() -> None:
    assert [kind.name for kind in facts_table.kinds() if not kind.says] == []


def test_a_kind_this_program_does_not_know_is_carried_not_lost() -> None:
    assert KINDS.decode("elsewhere.done", 1, '{"n":1}') == Opaque(json='{"n":1}')
    assert KINDS.decode("sample.counted", 4, '{"n":1}') == Opaque(json='{"n":1}')


def test_a_kind_is_declared_once_in_the_form_room_dot_what() -> None:
    kinds = Kinds()
    kinds.kind("room.done", version=1, stage=Stage.SALES)(Counted)
    with pytest.raises(AssertionError, match="twice"):
        kinds.kind("room.done", version=1, stage=Stage.SALES)(Opaque)
    with pytest.raises(AssertionError, match=r"room\.what"):
        kinds.kind("Done", version=1, stage=Stage.SALES)
    with pytest.raises(AssertionError, match="no version above"):
        kinds.upcast("room.done", since=1)(lambda body: body)


def test_an_old_fact_in_the_database_reads_as_todays_and_its_chain_holds(db: Database) -> None:
    link: list[Any] = [
        "n1", 1, ID, "sample.counted", 1, "logistics", 5, "system", "madang", None, None, None, "lot:1", None,
        None, '{"product":"A001","count":3}',
    ]  # fmt: skip
    hashed = chain.follow(chain.GENESIS, [*link[:2], str(link[2]), *link[3:]])

    def write(tx: Tx) -> None:
        tx.many(sa.insert(records.facts), [dict(zip(records.COLUMNS, [*link, hashed], strict=True))])

    db.write(write, neighbourhood="n1")
    by = system("n1")
    [fact] = db.read(lambda tx: service.read(tx, by), neighbourhood="n1")
    assert (fact.version, fact.body) == (1, Counted(product="A001", pieces=3))
    assert db.read(lambda tx: service.verify(tx, by), neighbourhood="n1").ok


def test_the_canonical_bytes_of_a_fact_never_change() -> None:
    """Every chain ever written rests on this figure: who must change it, starts a new chain beside the old one."""
    link = ["n1", 1, str(ID), "sample.counted", 3, "sales", 5, "agent", "a1", "m1", "s1", "s1/g1", "lot:한", None, 7]
    first = chain.follow(chain.GENESIS, [*link, '{"product":"A001","pieces":3,"sure":true}'])
    assert first.hex() == "f2c702fc5cbdf727e357357736690f2fb91bc4332c6fbada536bc973b994ec81"
