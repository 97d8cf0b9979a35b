"""Gift cards: bought with a payment, spent as a means, their money in the ledger, their codes never kept.

A card is found by the hash of its code (80 random bits, so the hash alone opens nothing); whoever has shown the code
once may spend it. What happened to a card is its ledger account's statement, which nobody can edit.
"""

from __future__ import annotations

import hashlib
import random
from typing import Any
from uuid import UUID

import msgspec
import sqlalchemy as sa

from madang import journal, ledger
from madang.db import Tx, table
from madang.kernel import KRW, Actor, Conflict, Forbidden, NotFound, derived
from madang.ledger import AccountKey, Book, Limit, Transfer, declare_code
from madang.payments import facts, faults, gift_terms, service
from madang.payments.means import Held, register
from madang.payments.model import Leg, Payment, State, Tender, payment_key
from madang.payments.wallets import day_owner, funding, wallet

declare_code("gift_card", Book.MONEY, Limit.DEBITS_WITHIN_CREDITS, ko="기프트카드", en="Gift card")
declare_code("gift_breakage", Book.MONEY, Limit.NONE, ko="기프트카드 소멸 이익", en="Gift card breakage")

NAME = "gift_card"
SIGNS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's base 32: nothing that can be misread
CODE_LENGTH = 16

cards = table(
    "payments_gift_card",
    sa.Column("id", sa.Uuid, nullable=False),
    sa.Column("shop", sa.Text, nullable=False),
    sa.Column("code_hash", sa.Text, nullable=False),
    sa.Column("tail", sa.Text, nullable=False),
    sa.Column("face_krw", sa.BigInteger, nullable=False),
    sa.Column("buyer", sa.Text, nullable=False),
    sa.Column("payment", sa.Uuid, nullable=False),
    sa.Column("bought_us", sa.BigInteger, nullable=False),
    sa.Column("expires_at_us", sa.BigInteger, nullable=False),
    sa.UniqueConstraint("neighbourhood", "code_hash", name="uq_payments_gift_card_code"),
    key=["id"],
)
holders = table(
    "payments_gift_holder",
    sa.Column("card", sa.Uuid, nullable=False),
    sa.Column("person", sa.Text, nullable=False),
    sa.Column("since_us", sa.BigInteger, nullable=False),
    sa.Index("payments_gift_holder_person", "neighbourhood", "person", "since_us"),
    key=["card", "person"],
)


class Card(msgspec.Struct, frozen=True):
    """A gift card; ``tail`` are the last four signs of its code."""

    id: UUID
    shop: str
    tail: str
    face_krw: int
    buyer: str
    payment: UUID
    bought_us: int
    expires_at_us: int


def account(card: UUID) -> AccountKey:
    """What is left on a card."""
    return AccountKey(Book.MONEY, "gift_card", str(card), KRW)


def new_code(rng: random.Random) -> str:
    """Sixteen signs (80 bits) in groups of four; shown once, to whoever bought the card."""
    signs = "".join(rng.choice(SIGNS) for _ in range(CODE_LENGTH))
    return "-".join(signs[i : i + 4] for i in range(0, CODE_LENGTH, 4))


def plain(code: str) -> str:
    """A code as people write it, without what does not count."""
    signs = code.upper().replace("O", "0").replace("I", "1").replace("L", "1")
    return "".join(sign for sign in signs if sign in SIGNS)


def code_hash(code: str) -> str:
    return hashlib.sha256(b"madang gift card 1\0" + plain(code).encode()).hexdigest()


def legs(card: UUID, face_krw: int) -> list[Leg]:
    """What the payment that buys a card is captured to. Selling one is no supply: VAT is due when it is spent."""
    return [(account(card), face_krw)]


def issue(tx: Tx, by: Actor, payment: Payment, code: str, *, id: UUID, at_us: int) -> Card:
    """The card that a captured payment has bought; the same again gives the card.

    Raises ``Conflict`` where the payment was not captured to the card's account.
    """
    known = _find(tx, by, cards.c.id == id)
    if known is not None:
        return known
    if payment.state != State.CAPTURED or [leg for leg, _ in service.legs_of(tx, by, payment.id)] != legs(
        id, payment.captured_krw
    ):
        raise faults.not_now("pay", payment.state)
    row = {
        "neighbourhood": tx.neighbourhood, "id": id, "shop": payment.shop, "code_hash": code_hash(code),
        "tail": plain(code)[-4:], "face_krw": payment.captured_krw, "buyer": payment.payer, "payment": payment.id,
        "bought_us": at_us, "expires_at_us": at_us + gift_terms.VALID_US,
    }  # fmt: skip
    tx.many(sa.insert(cards), [row])
    _tell(tx, by, id, payment.shop, facts.GiftCardIssued(card=str(id), face_krw=payment.captured_krw), "issued", at_us)
    return get(tx, by, id)


def show(tx: Tx, by: Actor, code: str, *, at_us: int) -> Card:
    """The card of a code; from now on the caller may spend it. Raises ``NotFound`` for a code that is none."""
    found = _find(tx, by, cards.c.code_hash == code_hash(code))
    if found is None:
        raise unknown()
    if not _holds(tx, by, found.id, by.key):
        row = {"neighbourhood": tx.neighbourhood, "card": found.id, "person": by.key, "since_us": at_us}
        tx.many(sa.insert(holders), [row])
    return found


def look(tx: Tx, by: Actor, code: str) -> tuple[Card, int]:
    """The card of a code and what is left on it; it is not entered by that. Raises ``NotFound``."""
    found = _find(tx, by, cards.c.code_hash == code_hash(code))
    if found is None:
        raise unknown()
    return found, balance_krw(tx, found)


def get(tx: Tx, by: Actor, id: UUID) -> Card:
    """Raises ``NotFound``."""
    found = _find(tx, by, cards.c.id == id)
    if found is None:
        raise unknown()
    return found


def mine(tx: Tx, by: Actor) -> list[tuple[Card, int]]:
    """The cards the caller may spend, each with what is left on it."""
    same = sa.and_(cards.c.neighbourhood == holders.c.neighbourhood, cards.c.id == holders.c.card)
    joined = sa.join(cards, holders, same)
    wanted = sa.select(*_COLUMNS).select_from(joined)
    wanted = wanted.where(cards.c.neighbourhood == by.neighbourhood, holders.c.person == by.key)
    found = [Card(*row) for row in tx.rows(wanted.order_by(holders.c.since_us, cards.c.id))]
    return [(card, balance_krw(tx, card)) for card in found]


def balance_krw(tx: Tx, card: Card) -> int:
    return ledger.balance(tx, account(card.id)).available


def take_back(tx: Tx, by: Actor, id: UUID, *, at_us: int) -> int:
    """Give a buyer's unused card back within seven days, whole, to whatever had paid for it; the won given back.

    Raises ``Conflict`` where it was used or the days are over.
    """
    by.need(*service.SERVING)
    card = get(tx, by, id)
    if at_us >= card.bought_us + gift_terms.WITHDRAW_US or balance_krw(tx, card) != card.face_krw:
        raise _not_by_terms()
    return service.refund(
        tx, by, card.payment, id=derived("payments.gift_card_back", id), at_us=at_us, reason="gift card"
    ).amount_krw


def rest_to_wallet(tx: Tx, by: Actor, id: UUID, *, at_us: int) -> int:
    """Put the rest into the caller's wallet, all of it: when enough is used, or the card has expired.

    Raises ``Forbidden`` for who has not shown the code, ``Conflict`` where the terms do not give it.
    """
    card, left_krw = _rest(tx, by, id, at_us)
    if left_krw:
        _move(tx, card, [(wallet(by.key), left_krw)], at_us)
        _tell_rest(tx, by, card, left_krw, left_krw, at_us)
    return left_krw


def rest_in_cash(tx: Tx, by: Actor, id: UUID, *, at_us: int) -> int:
    """Pay the rest out in money: all of it when enough is used, the terms' share when the card has expired."""
    card, left_krw = _rest(tx, by, id, at_us)
    if not left_krw:
        return 0
    expired = at_us >= card.expires_at_us and not gift_terms.enough_used(card.face_krw, left_krw)
    cash_krw = gift_terms.expired_cash_krw(card.face_krw, left_krw, at_us) if expired else left_krw
    to = [(funding(at_us), cash_krw), (_breakage(card, at_us), left_krw - cash_krw)]
    _move(tx, card, [leg for leg in to if leg[1]], at_us)
    _tell_rest(tx, by, card, left_krw, cash_krw, at_us)
    return cash_krw


def lapse(tx: Tx, by: Actor, *, at_us: int, limit: int = 100) -> int:
    """Balances nobody can claim any more become income; how many cards (at most ``limit`` a call)."""
    by.need(*service.SERVING)
    old = sa.and_(cards.c.neighbourhood == by.neighbourhood, cards.c.bought_us < at_us - gift_terms.CLAIM_US)
    found = [Card(*row) for row in tx.rows(sa.select(*_COLUMNS).where(old).order_by(cards.c.bought_us, cards.c.id))]
    lapsed = 0
    for card in found:
        left_krw = balance_krw(tx, card)
        if left_krw and at_us >= card.expires_at_us and lapsed < limit:
            _move(tx, card, [(_breakage(card, at_us), left_krw)], at_us)
            _tell_rest(tx, by, card, left_krw, 0, at_us)
            lapsed += 1
    return lapsed


class GiftCard(Held):
    """The means: ``ref`` is the card's id. The payer must have shown its code."""

    def authorise(self, tx: Tx, by: Actor, part: Tender, *, at_us: int) -> list[Transfer] | None:
        try:
            card = get(tx, by, UUID(part.ref))
        except ValueError as error:
            raise unknown() from error
        if not _holds(tx, by, card.id, part.payer):
            raise _not_yours()
        if at_us >= card.expires_at_us:
            raise Conflict(
                "payments.gift_card_expired",
                ko="유효기간이 지난 기프트카드입니다.",
                en="The gift card has expired.",
                next_ko="남은 금액은 기프트카드 화면에서 돌려받을 수 있습니다.",
                next_en="Its balance can be had back on the gift card's page.",
            )
        return super().authorise(tx, by, part, at_us=at_us)


register(GiftCard(NAME, lambda part: account(UUID(part.ref))))

_COLUMNS = [cards.c[name] for name in Card.__struct_fields__]


def _find(tx: Tx, by: Actor, which: sa.ColumnElement[bool]) -> Card | None:
    found = tx.rows(sa.select(*_COLUMNS).where(cards.c.neighbourhood == by.neighbourhood, which))
    return Card(*found[0]) if found else None


def _holds(tx: Tx, by: Actor, card: UUID, person: str) -> bool:
    which = sa.and_(holders.c.neighbourhood == by.neighbourhood, holders.c.card == card, holders.c.person == person)
    return bool(tx.rows(sa.select(holders.c.card).where(which)))


def _rest(tx: Tx, by: Actor, id: UUID, at_us: int) -> tuple[Card, int]:
    card = get(tx, by, id)
    if not _holds(tx, by, id, by.key):
        raise _not_yours()
    left_krw = balance_krw(tx, card)
    if at_us < card.expires_at_us and not gift_terms.enough_used(card.face_krw, left_krw):
        raise _not_by_terms()
    return card, left_krw


def _move(tx: Tx, card: Card, to: list[Leg], at_us: int) -> None:
    before = ledger.statement(tx, account(card.id), limit=1).rows[0].seq  # each rest of a card is another transfer
    ledger.post(
        tx,
        [
            Transfer(
                id=derived("payments.gift_card_rest", card.id, before, number), debit=account(card.id), credit=key,
                amount=krw, cause=payment_key(card.payment), at_us=at_us,
            )
            for number, (key, krw) in enumerate(to)
        ],
    )  # fmt: skip


def _breakage(card: Card, at_us: int) -> AccountKey:
    return AccountKey(Book.MONEY, "gift_breakage", day_owner(card.shop, at_us), KRW)


def _tell_rest(tx: Tx, by: Actor, card: Card, left_krw: int, given_krw: int, at_us: int) -> None:
    said = facts.GiftCardEmptied(card=str(card.id), balance_krw=left_krw, given_krw=given_krw)
    _tell(tx, by, card.id, card.shop, said, f"emptied {at_us}", at_us)


def _tell(tx: Tx, by: Actor, card: UUID, shop: str, body: Any, what: str, at_us: int) -> None:
    id, key = derived("payments.gift_card", card, what), f"giftcard/{card}"
    journal.append(tx, by, body, id=id, at_us=at_us, subject=key, shop=shop, cause=key)


def unknown() -> NotFound:
    return NotFound(
        "payments.gift_card_unknown",
        ko="이런 번호의 기프트카드가 없습니다.",
        en="There is no gift card with this code.",
        next_ko="번호 16자리를 다시 확인하세요.",
        next_en="Check the sixteen signs of its code.",
    )


def _not_yours() -> Forbidden:
    return Forbidden(
        "payments.gift_card_not_shown",
        ko="이 기프트카드의 번호를 먼저 등록해야 합니다.",
        en="The card's code has to be entered first.",
        next_ko="기프트카드 번호를 등록하세요.",
        next_en="Enter the gift card's code.",
    )


def _not_by_terms() -> Conflict:
    return Conflict(
        "payments.gift_card_not_refundable",
        ko="아직 돌려받을 수 없습니다: 7일 안의 쓰지 않은 기프트카드, 60%(1만원 이하는 80%) 이상 쓴 기프트카드, "
        "유효기간이 지난 기프트카드만 됩니다.",
        en="Not yet: only an unused card within 7 days, one used to 60 % (80 % up to 10,000 won), or an expired "
        "one can be paid back.",
        next_ko="남은 금액은 계속 쓸 수 있습니다.",
        next_en="What is left on it can still be spent.",
    )
