"""From pending to available: shares whose day has come, what a reserve rule keeps back of them, and until when."""

from __future__ import annotations

from uuid import UUID

from madang import ledger
from madang.db import Tx
from madang.kernel import Actor, Invalid, Role, derived
from madang.kernel.clock import DAY_US
from madang.ledger import AccountKey, Transfer
from madang.members.proving import need_step_up
from madang.settlement import accounts, errors, facts, parties, records
from madang.settlement.commissions import BP
from madang.settlement.model import Reserve, ReserveRule, Share, ShareState

APPEAL_MAX = 1_000


def release_due(tx: Tx, by: Actor, *, now_us: int, limit: int = 100) -> int:
    """Make shares available whose day has come, less what a reserve rule keeps back; gives how many."""
    _acting(tx, by)
    s = records.shares
    due = records.some_shares(
        tx, s.c.state == ShareState.PENDING.value, s.c.available_us <= now_us, order=[s.c.available_us], limit=limit
    )
    for share in due:
        _release(tx, by, share, now_us)
    return len(due)


def release_reserves(tx: Tx, by: Actor, *, now_us: int, limit: int = 100) -> int:
    """Let go of reserves whose day has come; gives how many."""
    _acting(tx, by)
    r = records.reserves
    due = records.some_reserves(tx, r.c.released_us.is_(None), r.c.release_us <= now_us, limit=limit)
    for one in due:
        _let_go(tx, one, now_us)
    return len(due)


def release_reserve(tx: Tx, by: Actor, id: UUID, *, at_us: int) -> Reserve:
    """A person lets go of a reserve before its day (an appeal that was right). Raises ``StepUpNeeded``."""
    _acting(tx, by)
    need_step_up(by, at_us)
    found = _reserve(tx, id)
    if found.released_us is None:
        _let_go(tx, found, at_us)
    return _reserve(tx, id)


def appeal(tx: Tx, by: Actor, id: UUID, text: str, *, at_us: int) -> Reserve:
    """The party says why a reserve should not be; a person looks at it. Sent again, the newest words count."""
    found = _reserve(tx, id)
    parties.party(tx, by, found.party)
    if not 1 <= len(text.strip()) <= APPEAL_MAX:
        raise Invalid(
            "settlement.bad_appeal",
            ko=f"이유를 {APPEAL_MAX:,}자 안으로 적어 주세요.",
            en=f"Say why, in at most {APPEAL_MAX:,} characters.",
            next_ko="내용을 적고 다시 보내세요.",
            next_en="Write it down and send it again.",
        )
    records.change(tx, records.reserves, records.reserves.c.id == id, appeal=text.strip())
    body = facts.Appealed(party=found.party, reserve=str(id))
    facts.tell(tx, by, body, about=f"party:{found.party}", at_us=at_us)
    return _reserve(tx, id)


def reserves_of(tx: Tx, by: Actor, party: str, *, open_only: bool = True) -> list[tuple[Reserve, ReserveRule]]:
    """What is kept back of a party, each with the rule that says why."""
    parties.party(tx, by, party)
    r = records.reserves
    where = (r.c.party == party, *((r.c.released_us.is_(None),) if open_only else ()))
    rules = {rule.id: rule for rule in records.rules_of(tx, party)}
    return [(one, rules[one.rule]) for one in records.some_reserves(tx, *where, order=[r.c.release_us], limit=200)]


def appeals(tx: Tx, by: Actor) -> list[tuple[Reserve, ReserveRule]]:
    """Reserves whose party asked for another look."""
    _acting(tx, by)
    r = records.reserves
    found = records.some_reserves(tx, r.c.released_us.is_(None), r.c.appeal != "", order=[r.c.made_us], limit=200)
    return [(one, next(rule for rule in records.rules_of(tx, one.party) if rule.id == one.rule)) for one in found]


def open_reserves(tx: Tx, by: Actor, *, limit: int = 200) -> list[tuple[Reserve, ReserveRule]]:
    """Everything that is kept back now (of whom the caller may look at) with the rule that says why, what ends first
    on top."""
    mine = parties.owners(tx, by)
    r, rules = records.reserves, dict[UUID, ReserveRule]()
    theirs = () if mine is None else (r.c.party.in_(sorted(mine)),)
    found = records.some_reserves(tx, r.c.released_us.is_(None), *theirs, order=[r.c.release_us], limit=limit)
    for party in {one.party for one in found}:
        rules |= {rule.id: rule for rule in records.rules_of(tx, party)}
    return [(one, rules[one.rule]) for one in found]


def _release(tx: Tx, by: Actor, share: Share, now_us: int) -> None:
    """Below zero (a kept fee of a sale that was given back) the debt moves instead."""
    key = (share.sale, share.party, share.kind.value)
    id = derived("settlement.release", *key)
    pending, available = accounts.payable_pending(share.party), accounts.payable(share.party)
    if share.left_krw > 0:
        _move(tx, id, pending, available, share.left_krw, share.sale, now_us)
        _keep_back(tx, by, share, id, now_us)
    elif share.left_krw < 0:
        _move(tx, id, available, pending, -share.left_krw, share.sale, now_us)
    s = records.shares
    mine = (s.c.sale == share.sale, s.c.party == share.party, s.c.kind == share.kind.value)
    records.change(tx, s, *mine, state=ShareState.AVAILABLE.value)


def _keep_back(tx: Tx, by: Actor, share: Share, release: UUID, now_us: int) -> None:
    rules = records.rules_of(tx, share.party)
    live = [r for r in rules if r.from_us <= now_us and (r.to_us is None or now_us < r.to_us)]
    for rule in live[-1:]:
        krw = share.left_krw * rule.bp // BP
        if not krw:
            continue
        one = Reserve(
            id=derived("settlement.reserve", release, rule.id), party=share.party, rule=rule.id, amount_krw=krw,
            made_us=now_us, release_us=now_us + rule.days * DAY_US,
        )  # fmt: skip
        _move(tx, one.id, accounts.payable(share.party), accounts.payable_reserve(share.party), krw, one.id, now_us)
        records.add(tx, records.reserves, [{f: getattr(one, f) for f in one.__struct_fields__}])
        body = facts.Reserved(party=share.party, amount_krw=krw, rule=str(rule.id), release_us=one.release_us)
        facts.tell(tx, by, body, about=f"party:{share.party}", at_us=now_us)


def _let_go(tx: Tx, one: Reserve, now_us: int) -> None:
    id = derived("settlement.unreserve", one.id)
    _move(tx, id, accounts.payable_reserve(one.party), accounts.payable(one.party), one.amount_krw, one.id, now_us)
    records.change(tx, records.reserves, records.reserves.c.id == one.id, released_us=now_us)


def _move(tx: Tx, id: UUID, debit: AccountKey, credit: AccountKey, krw: int, cause: UUID, at_us: int) -> None:
    ledger.post(tx, [Transfer(id=id, debit=debit, credit=credit, amount=krw, cause=str(cause), at_us=at_us)])


def _reserve(tx: Tx, id: UUID) -> Reserve:
    found = records.some_reserves(tx, records.reserves.c.id == id)
    if not found:
        raise errors.unknown(str(id))
    return found[0]


def _acting(tx: Tx, by: Actor) -> None:
    by.need_neighbourhood(tx.neighbourhood)
    by.need(Role.OPERATOR)
