"""Payouts by a bank's bulk transfer file: nothing is sent twice, to nobody else's account, or lost by a crash."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest
from tests.settlement.house import BY, SALE, House, N, line

from madang import ledger, members, settlement
from madang.db import open_database
from madang.kernel import Actor, Conflict, Forbidden, Invalid, Kind, Malformed, ManualClock, Role, Uuid7
from madang.members import BankAccount
from madang.settlement import PayoutState, Schedule, bank_files, banks, checks, records, releasing, transfers
from madang.settlement.transfers import Answered, TransferFile

ONE, TWO = UUID(int=0xA1), UUID(int=0xA2)
NUMBERS = {ONE: "110-123-456789", TWO: "3020001234567"}


@pytest.fixture(autouse=True)
def _no_bank() -> Iterator[None]:
    banks.connect(None)
    yield
    banks.connect(None)


class Office:
    """A house whose two makers have given bank accounts more than a day ago; an operator who has just proved it."""

    def __init__(self, house: House) -> None:
        self.house = house
        for n, person in enumerate((ONE, TWO), 1):
            house.do(members.add_person, key=person, fields={}, at_us=self.now)
            self.account(person, NUMBERS[person])
            who = {"name_ko": "갑", "name_en": "A", "person": str(person)}
            house.do(settlement.add_party, f"maker/m{n}", at_us=self.now, **who)
            house.do(settlement.set_schedule, f"maker/m{n}", Schedule(goods_d=1), from_us=self.now)
        for n in (1, 2):
            house.paid_sale(UUID(int=n), line(1, 1_000 * n, seller=f"maker/m{n}", exempt=True))

    @property
    def now(self) -> int:
        return self.house.clock.now_us()

    @property
    def op(self) -> Actor:
        return Actor(Kind.PERSON, "op", N, frozenset({Role.OPERATOR}), proved_us=self.now)

    def do(self, act, *args, by: Actor | None = None, **given):  # type: ignore[no-untyped-def]
        who = by or self.op
        return self.house.db.write(lambda tx: act(tx, who, *args, **given), neighbourhood=N)

    def account(self, person: UUID, number: str) -> None:
        me = Actor(Kind.PERSON, str(person), N, proved_us=self.now)
        self.do(members.set_bank_account, person, BankAccount("088", number, "김갑"), by=me, at_us=self.now)

    def make(self) -> TransferFile:
        made: TransferFile = self.do(transfers.prepare, id=self.house.ids.new(), at_us=self.now)
        return made

    def answer(self, file: UUID, *rows: str) -> Answered:
        heading = "통장표시내용,입금계좌번호,이체금액,처리결과,오류내용\n"
        read = bank_files.BULK.read((heading + "\n".join(rows)).encode("cp949"))
        said: Answered = self.do(transfers.answer, file, read, at_us=self.now)
        return said

    def marks(self, file: UUID) -> list[str]:
        return [one.mark for one in self.do(transfers.filed, file)]

    def states(self) -> dict[str, str]:
        found = self.house.db.read(lambda tx: records.some_payouts(tx), neighbourhood=N)
        return {one.party: one.state.value for one in sorted(found, key=lambda one: one.made_us)}

    def clean(self) -> None:
        assert self.house.db.read(settlement.differences, neighbourhood=N) == []
        assert self.house.db.read(ledger.check, neighbourhood=N).ok


@pytest.fixture
def office(house: House) -> Office:
    made = Office(house)
    house.settle(days=2)
    return made


def test_a_file_goes_to_the_bank_and_its_answer_pays_some_and_gives_others_back(office: Office) -> None:
    file = office.make()
    content = office.do(transfers.take, file.id, at_us=office.now).decode("cp949").splitlines()
    assert content[0].startswith("입금은행코드,입금계좌번호,이체금액")
    one, two = office.marks(file.id)
    assert f"088,110123456789,1000,김갑,{one},{one}" in content
    said = office.answer(file.id, f'{one},,"1,000",정상,', f"{two},,2000,오류,예금주 불일치", "합계,,3000,,")
    assert (said.paid, said.failed) == (1, 1)
    assert [(wrong.row, wrong.why) for wrong in said.wrong] == [(4, "unknown")]
    assert office.states() == {"maker/m1": "paid", "maker/m2": "failed"}
    assert office.house.posted("payable", "maker/m2") == 2_000
    again = office.answer(file.id, f"{one},,1000,정상,", f"{two},,2000,오류,")
    assert (again.paid, again.failed, again.same) == (0, 0, 2)
    office.house.settle(days=1)
    assert office.states()["maker/m2"] == "held", "a person looks before the same account is tried again"
    office.clean()


def test_an_answer_that_contradicts_itself_or_names_another_sum_changes_nothing(office: Office) -> None:
    file = office.make()
    one, two = office.marks(file.id)
    said = office.answer(file.id, f"{one},,999,정상,", f"{two},,2000,접수,", "MDXXXXXXXX,,1,정상,")
    assert [wrong.why for wrong in said.wrong] == ["amount", "unclear", "unknown"]
    assert set(office.states().values()) == {"sent"}
    office.answer(file.id, f"{one},,1000,정상,")
    assert [wrong.why for wrong in office.answer(file.id, f"{one},,1000,오류,").wrong] == ["already"]
    assert office.house.posted("payable", "maker/m1") == 0
    office.clean()


def test_lines_are_known_by_account_and_sum_where_a_bank_gives_no_mark_back(office: Office) -> None:
    file = office.make()
    heading = "이체 결과\n\n입금은행,입금계좌번호,이체금액,처리결과\n"
    rows = bank_files.BULK.read((heading + "088,110-123-456789,1000,완료\n088,999,2000,완료\n").encode("cp949"))
    said = office.do(transfers.answer, file.id, rows, at_us=office.now)
    assert (said.paid, [one.why for one in said.wrong]) == (1, ["unknown"])


def test_no_payout_is_in_two_files_and_a_dropped_files_payouts_can_go_into_another(office: Office) -> None:
    file = office.make()
    with pytest.raises(Invalid, match="nothing_to_file"):
        office.make()
    again = office.do(transfers.prepare, id=file.id, at_us=office.now)
    assert again == file
    office.do(transfers.drop, file.id, at_us=office.now)
    with pytest.raises(Invalid, match="nothing_to_file"):
        office.do(transfers.take, file.id, at_us=office.now)
    other = office.make()
    office.answer(other.id, f"{office.marks(other.id)[0]},,1000,정상,")
    with pytest.raises(Conflict, match="not_now"):
        office.do(transfers.drop, other.id, at_us=office.now)
    with pytest.raises(Conflict, match="not_now"):
        office.answer(file.id, "MDXXXXXXXX,,1000,정상,")


def test_a_changed_account_holds_payouts_for_a_day_also_those_that_were_to_be_sent(office: Office) -> None:
    office.account(ONE, "999-999-9999")
    office.house.settle()
    (held,) = [one for one in office.do(settlement.payouts_of, "maker/m1") if one.state is PayoutState.HELD]
    assert (held.reason, held.until_us) == ("account_changed", office.now + 86_400_000_000)
    file = office.make()
    assert [one.payout.party for one in office.do(transfers.filed, file.id)] == ["maker/m2"]
    office.house.settle(days=0.9)
    assert office.states()["maker/m1"] == "held"
    office.house.settle(days=0.2)
    assert office.states()["maker/m1"] == "sent"
    later = office.make()
    assert b"9999999999" in office.do(transfers.take, later.id, at_us=office.now)
    office.clean()


def test_a_file_is_not_given_out_again_after_an_account_in_it_changed(office: Office) -> None:
    file = office.make()
    office.do(transfers.take, file.id, at_us=office.now)
    office.house.clock.advance(s=60)
    office.account(TWO, "999-999-9999")
    with pytest.raises(Conflict, match="account_changed_since"):
        office.do(transfers.take, file.id, at_us=office.now)


def test_only_an_operator_who_has_just_proved_it_makes_takes_and_answers(office: Office) -> None:
    stale = Actor(Kind.PERSON, "op", N, frozenset({Role.OPERATOR}), proved_us=office.now - 3_600_000_000)
    staff = Actor(Kind.PERSON, "joon", N, frozenset({Role.STAFF}), proved_us=office.now)
    file = office.make()
    asked = (
        (transfers.prepare, (), {"id": UUID(int=9)}),
        (transfers.take, (file.id,), {}),
        (transfers.answer, (file.id, []), {}),
        (transfers.drop, (file.id,), {}),
    )
    for who, code in ((stale, "members.step_up"), (staff, "actor.role_needed")):
        for act, args, given in asked:
            with pytest.raises(Forbidden, match=code):
                office.do(act, *args, by=who, at_us=office.now, **given)


def test_paying_by_hand_letting_go_and_going_on_need_a_proof_too(office: Office) -> None:
    stale = Actor(Kind.PERSON, "op", N, frozenset({Role.OPERATOR}), proved_us=office.now - 3_600_000_000)
    for act, args, given in (
        (settlement.mark, (UUID(int=9),), {"paid": True}),
        (releasing.release_reserve, (UUID(int=9),), {}),
        (checks.resume, (), {}),
    ):
        with pytest.raises(Forbidden, match=r"members\.step_up"):
            office.do(act, *args, by=stale, at_us=office.now, **given)


def test_a_file_that_is_no_answer_is_refused() -> None:
    for data in (b"", b"a,b\n1,2\n", b"\xff\xfe\x00", "이체금액,처리결과\n1,정상\n".encode()):
        with pytest.raises(Malformed, match="bad_result_file"):
            bank_files.BULK.read(data)


CHILD = """
import os, sys
from uuid import UUID
from madang import ledger
from madang.db import open_database
from madang.kernel import Actor, Kind, ManualClock, Role
from madang.settlement import bank_files, transfers

url, now, file, step = sys.argv[1], int(sys.argv[2]), UUID(sys.argv[3]), sys.argv[4]
db = open_database(url, clock=ManualClock(now), migrate=False)
by = Actor(Kind.PERSON, "op", "n1", frozenset({Role.OPERATOR}), proved_us=now)
post, told = ledger.post, []
def dying(tx, transfers_):
    made = post(tx, transfers_)
    told.append(1)
    if len(told) == 2:
        os._exit(9)
    return made
ledger.post = dying
rows = bank_files.BULK.read(sys.stdin.buffer.read())
def act(tx):
    if step == "prepare":
        transfers.prepare(tx, by, id=file, at_us=now)
        os._exit(9)
    transfers.answer(tx, by, file, rows, at_us=now)
db.write(act, neighbourhood="n1")
"""


def test_a_process_that_dies_while_preparing_or_answering_leaves_nothing_doubled(tmp_path: Path) -> None:
    """Killed in the middle of each step's transaction; then the same step is done again."""
    url, clock = f"sqlite:///{tmp_path}/m.db", ManualClock()
    with open_database(url, clock=clock) as db:
        office = Office(House(db, clock, Uuid7(clock)))
        office.house.settle(days=2)
        now = office.now
    file = UUID(int=77)

    def dies(step: str, rows: str = "") -> None:
        given = f"통장표시내용,입금계좌번호,이체금액,처리결과\n{rows}".encode("cp949")
        made = subprocess.run(
            [sys.executable, "-c", CHILD, url, str(now), str(file), step], input=given, check=False, env=os.environ
        )
        assert made.returncode == 9, "it was to die in the middle"

    dies("prepare")
    with open_database(url, clock=clock) as db:
        office.house.db = db
        assert office.do(transfers.recent) == []
        office.do(transfers.prepare, id=file, at_us=now)
        one, two = office.marks(file)
    rows = f"{one},,1000,정상\n{two},,2000,정상\n"
    dies("answer", rows)
    with open_database(url, clock=clock) as db:
        office.house.db = db
        assert set(office.states().values()) == {"sent"}
        office.clean()
        said = office.answer(file, *rows.strip().replace("정상", "정상,").splitlines())
        assert (said.paid, office.house.posted("payout", str(SALE))) == (2, 0)
        assert sum(b.posted for b in _all(office, "paid_out")) == 3_000
        office.clean()


def _all(office: Office, code: str) -> list[ledger.Balance]:
    found = office.house.db.read(lambda tx: ledger.balances(tx, book="money", code=code), neighbourhood=N)
    return list(found.values())


def test_the_software_itself_may_prepare_without_a_passkey(office: Office) -> None:
    """Jobs have none: what they may do is bounded elsewhere."""
    assert office.do(transfers.prepare, id=UUID(int=8), at_us=office.now, by=BY).lines == 2
