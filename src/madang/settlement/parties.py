"""Parties to be settled, and the dated rows that say how: terms, tiers, tax status, schedules, reserve rules."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

import msgspec

from madang import members
from madang.catalog import sellers
from madang.db import Tx
from madang.kernel import Actor, Conflict, Forbidden, Kind, Role
from madang.settlement import errors, facts, records
from madang.settlement.commissions import BP
from madang.settlement.model import PLATFORM, Party, PartyKind, ReserveRule, Schedule, TaxStatus, Terms
from madang.settlement.registration import valid as valid_registration

SELLING = (PartyKind.MERCHANT, PartyKind.MAKER, PartyKind.GUILD, PartyKind.BRAND)


def add_party(
    tx: Tx, by: Actor, key: str, *, name_ko: str, name_en: str, shop: str | None = None, person: str | None = None,
    registration: str = "", status: TaxStatus = TaxStatus.GENERAL, at_us: int,
) -> Party:  # fmt: skip
    """Register somebody to be settled; the same again is one. Raises ``Invalid`` ``settlement.bad_registration``."""
    _operator(tx, by)
    if key.split("/", 1)[0] not in {kind.value for kind in PartyKind} or not key.split("/", 1)[-1]:
        raise errors.bad_terms(f"'{key}'은(는) 종류/코드가 아닙니다.", f"'{key}' is not kind/code.")
    digits = registration.replace("-", "")
    if digits and not valid_registration(digits):
        raise errors.bad_registration()
    made = Party(
        key=key, name_ko=name_ko, name_en=name_en, shop=shop, person=person, registration=digits, joined_at_us=at_us
    )
    known = records.party(tx, key)
    if known is not None:
        kept = {
            "joined_at_us": known.joined_at_us,
            "account": known.account,
            "account_since_us": known.account_since_us,
        }
        if msgspec.structs.replace(made, **kept) != known:
            raise _taken(key)
        return known
    records.add(tx, records.parties, [msgspec.structs.asdict(made)])
    records.add(tx, records.statuses, [{"party": key, "from_us": at_us, "status": status.value}])
    facts.tell(tx, by, facts.PartyAdded(party=key), about=f"party:{key}", at_us=at_us)
    return made


def party(tx: Tx, by: Actor, key: str) -> Party:
    """A party, for itself or for the operator."""
    found = records.party(tx, key)
    if found is None:
        raise errors.unknown_party(key)
    see(by, found)
    return found


def is_party(tx: Tx, key: str) -> bool:
    """Whether somebody is registered to be settled: for rooms that name who takes part in a sale."""
    return records.party(tx, key) is not None


def known_sellers(tx: Tx, keys: Collection[str]) -> set[str]:
    """Those of some keys that goods can be sold for."""
    return {key for key in keys if key.split("/", 1)[0] in SELLING and records.party(tx, key) is not None}


sellers.known_by(known_sellers)


def selling(tx: Tx, by: Actor) -> list[Party]:
    """Whom goods can be sold for, by key."""
    _operator(tx, by)
    return [one for one in records.every_party(tx) if one.kind in SELLING]


def of_kind(tx: Tx, kind: PartyKind) -> list[Party]:
    """The parties of a kind, by key: names of businesses, for those who choose one."""
    return [found for key in sorted(records.keys_of(tx, kind)) if (found := records.party(tx, key)) is not None]


def guild_of(tx: Tx, person: str, shop: str) -> str | None:
    """The guild somebody buys for: a group of members (``guild:potters``) that is registered to be settled as
    ``guild/potters``; the first by name where they are in several, None where they are in none."""
    guilds = records.keys_of(tx, PartyKind.GUILD)
    if not guilds:
        return None
    mine = sorted(guilds & {tag.replace(":", "/", 1) for tag in members.tags_of(tx, person, shop)})
    return mine[0] if mine else None


def parties_of(tx: Tx, by: Actor) -> list[Party]:
    """Whom the caller may act for; all of them for an operator."""
    by.need_neighbourhood(tx.neighbourhood)
    if by.may(Role.OPERATOR) and not by.shops:
        return records.every_party(tx)
    mine = records.every_party(tx, records.parties.c.person == by.key) if by.kind is Kind.PERSON else []
    shops = [p for p in records.every_party(tx, records.parties.c.shop.in_(sorted(by.shops))) if _acts(by)]
    return sorted({p.key: p for p in (*mine, *shops)}.values(), key=lambda p: p.key)


def owners(tx: Tx, by: Actor) -> set[str] | None:
    """Keys of the parties whose money the caller may look at; None for an operator of the whole neighbourhood: all.
    Raises ``Forbidden`` for who is neither an operator nor acts for a shop."""
    by.need_neighbourhood(tx.neighbourhood)
    by.need(Role.OPERATOR, Role.MERCHANT)
    if by.may(Role.OPERATOR) and not by.shops:
        return None
    return {one.key for one in parties_of(tx, by)}


def see(by: Actor, who: Party) -> None:
    """The party itself, the operator, or who acts for its shop. Raises ``Forbidden``."""
    if not may_see(by, who):
        raise Forbidden(
            "settlement.not_yours",
            ko="다른 곳의 정산입니다.",
            en="This is somebody else's settlement.",
            next_ko="내 정산 화면에서 고르세요.",
            next_en="Choose one of your own.",
        )


def may_see(by: Actor, who: Party) -> bool:
    """Whether somebody may see a party's settlement."""
    operator = by.may(Role.OPERATOR) and (not by.shops or who.shop in by.shops)
    themselves = by.kind is Kind.PERSON and who.person is not None and by.key == who.person
    return operator or themselves or (who.shop is not None and who.shop in by.shops and _acts(by))


def _acts(by: Actor) -> bool:
    return by.may(Role.OPERATOR, Role.MERCHANT)


def set_terms(tx: Tx, by: Actor, terms: Terms, *, at_us: int) -> Terms:
    """Agree on terms from an instant on; what was sold before keeps its own. The same id again is one.

    Terms may not begin in the past: a sale's fees are never changed afterwards.
    """
    _operator(tx, by)
    if not 0 <= terms.bp <= BP or terms.fixed_krw < 0:
        raise errors.bad_terms(
            "수수료율은 0–100 %, 고정비는 0원 이상입니다.", "A rate is 0 to 100 %, a fee not negative."
        )
    known = [t for t in records.terms_for(tx, [terms.holder]) if t.id == terms.id]
    if known:
        if known[0] != terms:
            raise _taken(str(terms.id))
        return terms
    if terms.from_us < at_us:
        raise errors.bad_terms("과거부터 시작할 수 없습니다.", "They cannot begin in the past.")
    kinds = {kind.value for kind in PartyKind}
    if terms.receiver != PLATFORM and terms.receiver not in kinds and records.party(tx, terms.receiver) is None:
        raise errors.unknown_party(terms.receiver)
    records.add(tx, records.terms, [{**msgspec.structs.asdict(terms), "kept": int(terms.kept)}])
    body = facts.TermsSet(
        holder=terms.holder, purpose=terms.purpose, receiver=terms.receiver, bp=terms.bp, fixed_krw=terms.fixed_krw,
        from_us=terms.from_us,
    )  # fmt: skip
    facts.tell(tx, by, body, about=f"party:{terms.holder}", at_us=at_us)
    return terms


def terms_of(tx: Tx, by: Actor, key: str, *, at_us: int) -> list[Terms]:
    """The terms a party has had, has and will have: its own, and its tier's of now; the latest first."""
    party(tx, by, key)
    tier = records.dated(tx, records.tiers, key, at_us)
    holders = [key, *([f"tier:{tier['tier']}"] if tier else [])]
    return sorted(records.terms_for(tx, holders), key=lambda one: (-one.from_us, one.purpose))


def set_tier(tx: Tx, by: Actor, key: str, tier: str, *, from_us: int) -> None:
    """The tier a party is in from an instant on; its terms are those of ``tier:<name>``."""
    _dated(tx, by, records.tiers, key, from_us, tier=tier)


def set_status(tx: Tx, by: Actor, key: str, status: TaxStatus, *, from_us: int) -> None:
    """과세유형 from an instant on (간이과세 전환 takes effect on a date)."""
    _dated(tx, by, records.statuses, key, from_us, status=status.value)


def set_schedule(tx: Tx, by: Actor, key: str, schedule: Schedule, *, from_us: int) -> None:
    """When a party is paid, from an instant on."""
    if schedule.goods_d < 0 or schedule.booking_d < 0 or schedule.floor_krw > 0 or schedule.least_krw < 1:
        raise errors.bad_terms("날짜와 최소 금액은 0 이상, 바닥은 0 이하입니다.", "Days and least are not negative.")
    _dated(tx, by, records.schedules, key, from_us, body=msgspec.json.encode(schedule).decode())


def set_reserve_rule(tx: Tx, by: Actor, rule: ReserveRule) -> ReserveRule:
    """Keep a part of each release back for some days, and say why; the same id again is one."""
    _operator(tx, by)
    if records.party(tx, rule.party) is None:
        raise errors.unknown_party(rule.party)
    if not 0 < rule.bp <= BP or rule.days < 1 or not rule.reason_ko.strip() or not rule.reason_en.strip():
        raise errors.bad_terms("비율, 기간, 이유가 모두 있어야 합니다.", "A reserve needs a rate, days and a reason.")
    if not any(known.id == rule.id for known in records.rules_of(tx, rule.party)):
        records.add(tx, records.reserve_rules, [msgspec.structs.asdict(rule)])
    return rule


def end_reserve_rule(tx: Tx, by: Actor, id: UUID, *, at_us: int) -> None:
    """Nothing more is kept back under a rule."""
    _operator(tx, by)
    r = records.reserve_rules
    records.change(tx, r, r.c.id == id, r.c.to_us.is_(None), to_us=at_us)


def _dated(tx: Tx, by: Actor, to: object, key: str, from_us: int, **values: str) -> None:
    _operator(tx, by)
    if records.party(tx, key) is None:
        raise errors.unknown_party(key)
    table = to
    assert isinstance(table, type(records.tiers))
    there = records.find(tx, table, table.c.party == key, table.c.from_us == from_us)
    if there:
        if any(there[0][name] != value for name, value in values.items()):
            raise _taken(f"{key}@{from_us}")
        return
    records.add(tx, table, [{"party": key, "from_us": from_us, **values}])


def _operator(tx: Tx, by: Actor) -> None:
    by.need_neighbourhood(tx.neighbourhood)
    by.need(Role.OPERATOR)


def _taken(key: str) -> Conflict:
    return Conflict(
        "settlement.id_taken",
        ko="같은 번호로 다른 내용이 이미 있습니다.",
        en="This id is taken by something else.",
        next_ko="새 번호를 쓰거나 같은 내용으로 다시 보내세요.",
        next_en="Use a new id, or send the same content again.",
        key=key,
    )
