"""Sales: which accounts a captured payment goes to, frozen with its commission lines; refunds along the same legs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec

from madang.db import Tx
from madang.kernel import Actor
from madang.ledger import AccountKey
from madang.payments import till
from madang.settlement import accounts, errors, facts, records, returning
from madang.settlement.commissions import commissions, in_force, receiver_of
from madang.settlement.model import (
    PLATFORM,
    Commission,
    LineKind,
    PartyKind,
    SaleLine,
    Share,
    ShareState,
    Terms,
)

Legs = list[tuple[AccountKey, int]]


def sale_legs(
    tx: Tx,
    by: Actor,
    *,
    sale: UUID,
    shop: str,
    lines: Sequence[SaleLine],
    parties: Mapping[str, str] | None = None,
    at_us: int,
) -> Legs:
    """Freeze a sale and say where its money goes: ``[(account, won)]``, adding up to its lines.

    A line without a seller is the shop's own. Where nobody has registered the shop as a merchant to be settled, that
    is today's sales, VAT and exempt income of the shop; else the seller's share and the fees of the terms in force.
    ``parties`` names who else takes part, by kind (``{"hub": "hub/h1"}``). The same sale again gives the same legs, on
    its own day's accounts. Raises ``Conflict`` ``settlement.sale_changed``, ``Invalid`` ``settlement.bad_lines``,
    ``NotFound`` ``settlement.unknown_party``.
    """
    by.need_neighbourhood(tx.neighbourhood)
    by.need_shop(shop)
    parties = dict(parties or {})
    _sound(lines)
    body = msgspec.json.encode([shop, sorted(parties.items()), lines]).decode()
    known = tx.fresh(records.sales, (sale,))
    if known is not None:
        if known["body"] != body:
            raise errors.sale_changed(sale)
        return _legs(_frozen(tx, sale), known["sold_us"])
    made, fees = _divide(tx, shop, lines, parties, at_us)
    _freeze(tx, sale, shop, body, made, fees, _kinds(lines), at_us)
    facts.tell(
        tx, by, facts.SaleFrozen(
            sale=str(sale), total_krw=sum(line.amount_krw for line in lines),
            fees_krw=sum(c.amount_krw + c.vat_krw for c in fees), sellers=tuple(sorted({c.seller for c in fees})),
        ), about=f"sale:{sale}", at_us=at_us, shop=shop,
    )  # fmt: skip
    return _legs(made, at_us)


def refund_legs(
    tx: Tx,
    by: Actor,
    *,
    sale: UUID,
    refund: UUID,
    amount_krw: int | None = None,
    lines: Mapping[int, int] | None = None,
    at_us: int,
) -> Legs:
    """Where a refund's money comes from: ``[(account, won)]``, along the original legs, once for each refund id.

    Give ``lines`` (line number to won) or ``amount_krw`` (shared over what is left of the lines), or neither for all
    that is left. What was paid out already makes the seller's balance negative, and later payouts net it. Raises
    ``Invalid`` ``settlement.refund_too_much``.
    """
    by.need_neighbourhood(tx.neighbourhood)
    known = records.find(tx, records.returns, records.returns.c.refund == refund, order=[records.returns.c.number])
    if known:
        return _made_before(known, sale, refund, amount_krw, lines)
    found = records.find(tx, records.sales, records.sales.c.sale == sale)
    if not found:
        raise errors.unknown_sale(sale)
    by.need_shop(found[0]["shop"])
    legs = _frozen(tx, sale)
    left = _left(tx, sale, legs)
    asked = _asked(legs, left, amount_krw, lines)
    taken = _taken(legs, left, asked)
    return _give_back(tx, sale, refund, legs, taken, at_us)


def confirm(tx: Tx, by: Actor, sale: UUID, *, at_us: int) -> None:
    """The purchase is confirmed (구매확정), or the booking was used: the sale's shares get the day they are available.

    Confirming again changes nothing.
    """
    by.need_neighbourhood(tx.neighbourhood)
    s = records.shares
    for share in records.some_shares(tx, s.c.sale == sale, s.c.available_us.is_(None)):
        due_us = at_us + records.schedule_of(tx, share.party, at_us).delay_us(share.kind)
        mine = (s.c.sale == sale, s.c.party == share.party, s.c.kind == share.kind.value)
        records.change(tx, s, *mine, available_us=due_us)


def commission_lines(tx: Tx, by: Actor, sale: UUID) -> list[Commission]:
    """The frozen commission lines of a sale."""
    by.need_neighbourhood(tx.neighbourhood)
    return records.commissions_of(tx, sale)


def shares_of(tx: Tx, by: Actor, sale: UUID) -> list[Share]:
    """Who has what of a sale (sales a shop made for itself have none)."""
    by.need_neighbourhood(tx.neighbourhood)
    return records.some_shares(tx, records.shares.c.sale == sale, order=[records.shares.c.party])


def sellers_of(tx: Tx, sale: UUID) -> dict[int, str]:
    """The seller of each line of a frozen sale, by its number; nothing for a sale that was never frozen."""
    if tx.get(records.sales, (sale,)) is None:
        return {}
    return {number: line.seller or "" for number, line in _lines(tx, sale).items()}


def shared(tx: Tx, shop: str, lines: Sequence[SaleLine]) -> bool:
    """Whether anybody is registered to be settled for a sale: the shop, or a line's seller. If not, a room that sells
    may book the shop's own income without freezing anything."""
    return records.party(tx, f"{PartyKind.MERCHANT}/{shop}") is not None or any(line.seller for line in lines)


def _back(tx: Tx, by: Actor, sale: UUID, refund: UUID, lines: Mapping[int, int], at_us: int) -> Legs | None:
    if tx.get(records.sales, (sale,)) is None:
        return None
    return refund_legs(tx, by, sale=sale, refund=refund, lines=lines, at_us=at_us)


till.shared_by(_back)


class _Leg(msgspec.Struct, frozen=True):
    """One frozen part of a line: ``code`` and ``party`` lead to an account on any day (``accounts.of_leg``)."""

    number: int
    line: int
    code: str
    party: str
    amount_krw: int
    kept: bool = False


def _sound(lines: Sequence[SaleLine]) -> None:
    numbers = {line.number for line in lines}
    right = all(0 <= line.vat_krw <= line.amount_krw and not (line.exempt and line.vat_krw) for line in lines)
    if len(numbers) != len(lines) or not right:
        raise errors.bad_lines()


def _kinds(lines: Sequence[SaleLine]) -> dict[int, LineKind]:
    return {line.number: line.kind for line in lines}


def _divide(
    tx: Tx, shop: str, lines: Sequence[SaleLine], parties: Mapping[str, str], at_us: int
) -> tuple[list[_Leg], list[Commission]]:
    """The legs of a sale, line by line, and the commission lines among them."""
    merchant = f"{PartyKind.MERCHANT}/{shop}"
    own = records.party(tx, merchant) is None
    by_seller: dict[str | None, list[SaleLine]] = {}
    for line in lines:
        seller = line.seller if line.seller is not None and line.seller != merchant else (None if own else merchant)
        by_seller.setdefault(seller, []).append(line)
    made: list[_Leg] = []
    fees: list[Commission] = []
    for seller, some in by_seller.items():
        if seller is None:
            made += [leg for line in some for leg in _plain(shop, line)]
            continue
        frozen = _fees(tx, seller, some, parties, at_us)
        fees += frozen
        made += [leg for line in some for leg in _shared(seller, line, [c for c in frozen if c.number == line.number])]
    numbered = [msgspec.structs.replace(leg, number=n) for n, leg in enumerate(sorted(made, key=_order), start=1)]
    return numbered, fees


def _order(leg: _Leg) -> tuple[int, str, str, bool]:
    return (leg.line, leg.code, leg.party, leg.kept)


def _fees(tx: Tx, seller: str, lines: Sequence[SaleLine], parties: Mapping[str, str], at_us: int) -> list[Commission]:
    if records.party(tx, seller) is None:
        raise errors.unknown_party(seller)
    tier = records.dated(tx, records.tiers, seller, at_us)
    holders = [seller, *([f"tier:{tier['tier']}"] if tier else [])]
    terms = in_force(records.terms_for(tx, holders), at_us)
    others = _receivers(tx, terms, parties)
    statuses = {key: status for key in others if (status := records.status_of(tx, key, at_us)) is not None}
    return commissions(seller, lines, terms, parties, statuses)


def _receivers(tx: Tx, terms: Sequence[Terms], parties: Mapping[str, str]) -> set[str]:
    named = {receiver for one in terms if (receiver := receiver_of(one, parties)) is not None}
    for key in named - {PLATFORM}:
        if records.party(tx, key) is None:
            raise errors.unknown_party(key)
    return named - {PLATFORM}


def _plain(shop: str, line: SaleLine) -> list[_Leg]:
    if line.exempt:
        legs = [("sales_exempt", line.amount_krw)]
    else:
        legs = [("sales", line.amount_krw - line.vat_krw), ("vat_payable", line.vat_krw)]
    return [_Leg(0, line.number, code, shop, krw) for code, krw in legs if krw]


def _shared(seller: str, line: SaleLine, fees: Sequence[Commission]) -> list[_Leg]:
    """The seller's share of a line, and each fee with its VAT: income of ours, or another party's share."""
    legs = [_Leg(0, line.number, "payable", seller, line.amount_krw - sum(c.amount_krw + c.vat_krw for c in fees))]
    for fee in fees:
        if fee.receiver == PLATFORM:
            legs.append(_Leg(0, line.number, "commission", PLATFORM, fee.amount_krw, fee.kept))
            legs.append(_Leg(0, line.number, "vat_payable", PLATFORM, fee.vat_krw, fee.kept))
        else:
            legs.append(_Leg(0, line.number, "payable", fee.receiver, fee.amount_krw + fee.vat_krw, fee.kept))
    return [leg for leg in legs if leg.amount_krw]


def _freeze(
    tx: Tx, sale: UUID, shop: str, body: str, legs: Sequence[_Leg], fees: Sequence[Commission],
    kinds: Mapping[int, LineKind], at_us: int,
) -> None:  # fmt: skip
    records.add_sale(tx, sale, shop, body, at_us)
    for leg in legs:
        records.add_leg(tx, sale, leg.number, leg.line, leg.code, leg.party, leg.amount_krw, leg.kept)
    for fee in fees:
        records.add_commission(tx, sale, fee, at_us)
    sums = {(fee.seller, kinds[fee.number].value): 0 for fee in fees if fee.kept}  # what it has to give back later
    for leg in legs:
        if leg.code == "payable":
            key = (leg.party, kinds[leg.line].value)
            sums[key] = sums.get(key, 0) + leg.amount_krw
    for (party, kind), krw in sums.items():
        records.add_share(tx, sale, party, kind, krw, at_us)


def _frozen(tx: Tx, sale: UUID) -> list[_Leg]:
    rows = records.find(tx, records.legs, records.legs.c.sale == sale, order=[records.legs.c.number])
    return [_Leg(r["number"], r["line"], r["code"], r["party"], r["amount_krw"], bool(r["kept"])) for r in rows]


def _legs(legs: Sequence[_Leg], at_us: int) -> Legs:
    sums: dict[AccountKey, int] = {}
    for leg in legs:
        account = accounts.of_leg(leg.code, leg.party, at_us)
        sums[account] = sums.get(account, 0) + leg.amount_krw
    return sorted(sums.items())


def _left(tx: Tx, sale: UUID, legs: Sequence[_Leg]) -> dict[int, int]:
    """By leg, what has not been given back. (A kept fee counts as given back by the seller in its place.)"""
    left = {leg.number: leg.amount_krw for leg in legs}
    for row in records.find(tx, records.returns, records.returns.c.sale == sale):
        left[row["number"]] -= row["amount_krw"]
    return left


def _asked(
    legs: Sequence[_Leg], left: Mapping[int, int], amount_krw: int | None, lines: Mapping[int, int] | None
) -> dict[int, int]:
    """By line, what is to be given back."""
    by_line: dict[int, int] = {}
    for leg in legs:
        by_line[leg.line] = by_line.get(leg.line, 0) + left[leg.number]
    whole = sum(by_line.values())
    if lines is None:
        wanted = whole if amount_krw is None else amount_krw
        if not 0 < wanted <= whole:
            raise errors.too_much(whole)
        return returning.over_lines(wanted, by_line)
    if any(krw < 0 or krw > by_line.get(line, 0) for line, krw in lines.items()) or not any(lines.values()):
        raise errors.too_much(whole)
    return {line: krw for line, krw in lines.items() if krw}


def _taken(legs: Sequence[_Leg], left: Mapping[int, int], asked: Mapping[int, int]) -> dict[int, int]:
    """By leg, what it gives back."""
    taken: dict[int, int] = {}
    for line, krw in asked.items():
        mine = [leg.number for leg in legs if leg.line == line]
        taken |= dict(zip(mine, returning.parts(krw, [left[n] for n in mine]), strict=True))
    return taken


def _give_back(tx: Tx, sale: UUID, refund: UUID, legs: Sequence[_Leg], taken: Mapping[int, int], at_us: int) -> Legs:
    shares = {(share.party, share.kind): share for share in records.some_shares(tx, records.shares.c.sale == sale)}
    sold = _lines(tx, sale)
    kinds = {number: line.kind for number, line in sold.items()}
    sums: dict[AccountKey, int] = {}
    back: dict[tuple[str, LineKind], int] = {}
    rows: list[dict[str, Any]] = []
    for leg in legs:
        krw = taken.get(leg.number, 0)
        if not krw:
            continue
        code, party = ("payable", sold[leg.line].seller or "") if leg.kept else (leg.code, leg.party)
        share = shares.get((party, kinds[leg.line])) if code == "payable" else None
        account = accounts.of_leg(code, party, at_us, share.state if share else ShareState.PENDING)
        sums[account] = sums.get(account, 0) + krw
        if share is not None:
            back[party, share.kind] = back.get((party, share.kind), 0) + krw
        rows.append(
            {"refund": refund, "sale": sale, "number": leg.number, "amount_krw": krw, "code": account.code,
             "owner": account.owner, "at_us": at_us}
        )  # fmt: skip
    records.add(tx, records.returns, rows)
    s = records.shares
    for (party, kind), krw in back.items():
        mine = (s.c.sale == sale, s.c.party == party, s.c.kind == kind.value)
        records.change(tx, s, *mine, returned_krw=s.c.returned_krw + krw)
    return sorted(sums.items())


def _lines(tx: Tx, sale: UUID) -> dict[int, SaleLine]:
    """The lines of a frozen sale, each with its seller by name."""
    shop, _, lines = msgspec.json.decode(records.find(tx, records.sales, records.sales.c.sale == sale)[0]["body"])
    sold = msgspec.convert(lines, list[SaleLine])
    merchant = f"{PartyKind.MERCHANT}/{shop}"
    return {line.number: msgspec.structs.replace(line, seller=line.seller or merchant) for line in sold}


def _made_before(
    rows: Sequence[Mapping[str, Any]], sale: UUID, refund: UUID, amount_krw: int | None, lines: Mapping[int, int] | None
) -> Legs:
    whole = sum(row["amount_krw"] for row in rows)
    asked = sum(lines.values()) if lines is not None else amount_krw
    if rows[0]["sale"] != sale or asked not in (None, whole):
        raise errors.refund_changed(refund)
    sums: dict[AccountKey, int] = {}
    for row in rows:
        key = AccountKey("money", row["code"], row["owner"], "KRW")
        sums[key] = sums.get(key, 0) + row["amount_krw"]
    return sorted(sums.items())
