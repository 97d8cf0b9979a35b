"""Selling gift cards: ordered, paid like anything else, then a card whose code is shown once and mailed where wished.

A card's code follows from its id under a key outside the database (HMAC-SHA256), so it need not be kept anywhere until
it is shown: rows hold its hash only. For whom it is and the words to them lie sealed until the mail is in the outbox,
and are gone then.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from uuid import UUID

import msgspec
import sqlalchemy as sa

from madang.db import Tx, table
from madang.kernel import Actor, Conflict, Invalid, NotFound, Unavailable, derived, system
from madang.kernel.clock import MINUTE_US
from madang.members import addresses, mail
from madang.members.addresses import Keyring
from madang.members.declared import Passing, declare_passing
from madang.payments import deciding, gift_cards, gift_terms, listeners, service
from madang.payments.connected import connected
from madang.payments.model import Part, Payment, State

CAUSE = "gift_sale"
LEAST_KRW, MOST_KRW, STEP_KRW = 5_000, 500_000, 1_000
TIME_US = 30 * MINUTE_US
WORDS_MAX = 300
ORDERED, ISSUED, FAILED, RETURNED = "ordered", "issued", "failed", "returned"

orders = table(
    "payments_gift_order",
    sa.Column("id", sa.Uuid, nullable=False),
    sa.Column("buyer", sa.Text, nullable=False),
    sa.Column("face_krw", sa.BigInteger, nullable=False),
    sa.Column("payment", sa.Uuid, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("mailed", sa.BigInteger, nullable=False),
    sa.Column("sealed", sa.LargeBinary),
    sa.Column("language", sa.Text, nullable=False),
    sa.Column("made_us", sa.BigInteger, nullable=False),
    sa.Column("shown_us", sa.BigInteger),
    sa.Index("payments_gift_order_buyer", "neighbourhood", "buyer", "made_us"),
    key=["id"],
)

declare_passing(
    Passing(
        name="gift_mail", what_ko="기프트카드 받는 분의 이메일, 이름과 전하는 말",
        what_en="E-mail address and name of who gets a gift card, and the words to them",
        purpose_ko="기프트카드를 메일로 보내기", purpose_en="Mailing the gift card", basis="contract",
        keep_ko="메일을 맡길 때까지 잠가 두고, 보낸 기록과 함께 30일 뒤 파기",
        keep_en="sealed until the mail is handed in; with the record of its sending for 30 days",
    )
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Press:
    """What makes codes: ``key`` (32 bytes) and, where mail can be sent, the ring that seals what goes into it."""

    key: bytes
    keyring: Keyring | None = None

    def code(self, card: UUID) -> str:
        raw = hmac.new(self.key, b"madang gift code 1\0" + card.bytes, hashlib.sha256).digest()
        number, signs = int.from_bytes(raw[:10]), ""
        for _ in range(gift_cards.CODE_LENGTH):
            number, at = divmod(number, 32)
            signs += gift_cards.SIGNS[at]
        return "-".join(signs[i : i + 4] for i in range(0, len(signs), 4))


class GiftOrder(msgspec.Struct, frozen=True, kw_only=True):
    """A card that was ordered under its coming id. ``state``: ordered, issued, failed, returned."""

    id: UUID
    buyer: str
    face_krw: int
    payment: UUID
    state: str
    mailed: bool
    sealed: bytes | None
    language: str
    made_us: int
    shown_us: int | None


class For(msgspec.Struct, frozen=True):
    """To whom a card goes by mail, and what is said to them."""

    to: str
    words: str = ""


_presses: dict[str, Press] = {}


def sell_with(neighbourhood: str, press: Press) -> None:
    """From now on this process sells the neighbourhood's gift cards."""
    _presses[neighbourhood] = press


def mails(neighbourhood: str) -> bool:
    """Whether a card can be sent to somebody."""
    press = _presses.get(neighbourhood)
    return press is not None and press.keyring is not None


def order(
    tx: Tx, by: Actor, *, id: UUID, shop: str, amount_krw: int, means: str, given_to: For | None, language: str,
    title: str, at_us: int,
) -> GiftOrder:  # fmt: skip
    """Order a card and begin to pay for it: by the wallet it is there at once, by a gateway once that has said yes.

    The same ``id`` gives the order as it stands. Raises ``Invalid`` ``payments.gift_amount``, ``members.bad_address``,
    what paying raises.
    """
    press = _press(tx)
    if not LEAST_KRW <= amount_krw <= MOST_KRW or amount_krw % STEP_KRW or means not in ("wallet", *connected()):
        raise _bad_amount()
    there = _find(tx, orders.c.id == id)
    if there:
        return get(tx, by, id)
    sealed = None
    if given_to is not None:
        if press.keyring is None:
            raise _no_mail()
        kept = For(addresses.normal(given_to.to), given_to.words[:WORDS_MAX])
        sealed = press.keyring.seal(msgspec.json.encode(kept).decode())
    payment = derived("payments.gift_sale", id)
    row = {
        "neighbourhood": tx.neighbourhood, "id": id, "buyer": by.key, "face_krw": amount_krw, "payment": payment,
        "state": ORDERED, "mailed": int(sealed is not None), "sealed": sealed, "language": language, "made_us": at_us,
        "shown_us": None,
    }  # fmt: skip
    tx.many(sa.insert(orders), [row])
    begun = service.begin(
        tx, by, id=payment, shop=shop, payer=by.key, total_krw=amount_krw, parts=[Part(means, amount_krw)],
        cause=f"{CAUSE}/{id}", expires_at_us=at_us + TIME_US, at_us=at_us, tax_free_krw=amount_krw, title=title,
    )  # fmt: skip
    if begun.state == State.AUTHORISED:
        heard(tx, by, begun, at_us)
    return get(tx, by, id)


def heard(tx: Tx, _by: Actor, payment: Payment, at_us: int) -> None:
    """What became of a card's payment: once it is held it is captured to the card, which is there then."""
    id, ours = UUID(payment.cause.partition("/")[2]), system(tx.neighbourhood, "payments")
    found = _find(tx, orders.c.id == id)[0]
    if payment.state == State.FAILED:
        _set(tx, id, state=FAILED, sealed=None)
        return
    press = _press(tx)
    captured = service.capture(tx, ours, payment.id, gift_cards.legs(id, payment.total_krw), at_us=at_us)
    code = press.code(id)
    gift_cards.issue(tx, ours, captured, code, id=id, at_us=at_us)
    if found.sealed is not None and press.keyring is not None:
        whom = msgspec.json.decode(press.keyring.unseal(found.sealed), type=For)
        words = f"{code}\n\n{whom.words}" if whom.words else code
        mail.send(
            tx, press.keyring, id=derived("payments.gift_mail", id), what="gift", to=whom.to, link=words,
            language=found.language, at_us=at_us,
        )  # fmt: skip
    _set(tx, id, state=ISSUED, sealed=None)


def taken_back(tx: Tx, by: Actor, payment: Payment, number: int, krw: int, id: UUID, at_us: int) -> None:
    """Off the card goes what is still on it; an empty one is returned."""
    card = UUID(payment.cause.partition("/")[2])
    left = gift_cards.balance_krw(tx, gift_cards.get(tx, system(tx.neighbourhood, "payments"), card))
    there = min(krw, payment.left_krw, left)
    if there <= 0:
        raise deciding.nothing_left()
    service.refund(tx, by, payment.id, id=id, by_parts={number: there}, reason="unasked", at_us=at_us)
    if there == left:
        _set(tx, card, state=RETURNED)


listeners.listen(CAUSE, heard)
deciding.returns_by(CAUSE, taken_back)


def get(tx: Tx, by: Actor, id: UUID) -> GiftOrder:
    """An order of the caller's. Raises ``NotFound`` for any other."""
    found = _find(tx, orders.c.id == id, orders.c.buyer == by.key)
    if not found:
        raise NotFound(
            "payments.no_gift_order",
            ko="그런 기프트카드 주문이 없습니다.",
            en="There is no such order of a gift card.",
            next_ko="기프트카드 화면에서 고르세요.",
            next_en="Choose it on the gift cards' page.",
        )
    return found[0]


def mine(tx: Tx, by: Actor, *, limit: int = 20) -> list[GiftOrder]:
    """The cards the caller has ordered, newest first."""
    return _find(tx, orders.c.buyer == by.key, limit=limit)


def show_once(tx: Tx, by: Actor, id: UUID, *, at_us: int) -> str:
    """The code of a card the caller has bought: once. Raises ``Conflict`` ``payments.code_was_shown``."""
    found = get(tx, by, id)
    if found.state != ISSUED or found.shown_us is not None:
        raise Conflict(
            "payments.code_was_shown",
            ko="이 기프트카드의 번호는 이미 보여 드렸거나 지금은 볼 수 없습니다.",
            en="This card's code was shown already, or cannot be shown now.",
            next_ko="적어 둔 번호나 보낸 메일을 확인하세요. 쓰지 않았다면 7일 안에 환불받을 수 있습니다.",
            next_en="Look at your note or the mail that was sent. An unused card is refunded within 7 days.",
        )
    _set(tx, id, shown_us=at_us)
    return _press(tx).code(id)


def withdraw(tx: Tx, by: Actor, id: UUID, *, at_us: int) -> int:
    """The buyer has an unused card back within seven days (청약철회); the won given back, to what had paid."""
    found = get(tx, by, id)
    if found.state == RETURNED:
        return 0
    krw = gift_cards.take_back(tx, system(tx.neighbourhood, "payments"), id, at_us=at_us)
    _set(tx, id, state=RETURNED)
    return krw


def may_withdraw(tx: Tx, by: Actor, one: GiftOrder, at_us: int) -> bool:
    """Whether it is unused and within its days."""
    if one.state != ISSUED:
        return False
    card = gift_cards.get(tx, by, one.id)
    return at_us < card.bought_us + gift_terms.WITHDRAW_US and gift_cards.balance_krw(tx, card) == card.face_krw


_COLUMNS = [orders.c[name] for name in GiftOrder.__struct_fields__]


def _find(tx: Tx, *where: sa.ColumnElement[bool], limit: int = 1) -> list[GiftOrder]:
    wanted = sa.select(*_COLUMNS).where(orders.c.neighbourhood == tx.neighbourhood, *where)
    rows = tx.rows(wanted.order_by(orders.c.made_us.desc(), orders.c.id).limit(limit))
    found = (dict(zip(GiftOrder.__struct_fields__, row, strict=True)) for row in rows)
    return [GiftOrder(**row | {"mailed": bool(row["mailed"])}) for row in found]


def _set(tx: Tx, id: UUID, **values: object) -> None:
    tx.execute(sa.update(orders).where(orders.c.neighbourhood == tx.neighbourhood, orders.c.id == id).values(**values))


def _press(tx: Tx) -> Press:
    found = _presses.get(tx.neighbourhood)
    if found is None:
        raise Unavailable(
            "payments.no_gift_press",
            ko="여기에서는 지금 기프트카드를 만들 수 없습니다.",
            en="Gift cards cannot be made here now.",
            next_ko="동네 서버에서 다시 하세요.",
            next_en="Do it again at the neighbourhood's server.",
        )
    return found


def _bad_amount() -> Invalid:
    return Invalid(
        "payments.gift_amount",
        ko=f"{LEAST_KRW:,}원부터 {MOST_KRW:,}원까지, {STEP_KRW:,}원 단위로 살 수 있습니다.",
        en=f"A card is ₩{LEAST_KRW:,} to ₩{MOST_KRW:,}, in steps of ₩{STEP_KRW:,}.",
        next_ko="금액과 결제 수단을 다시 고르세요.",
        next_en="Choose the amount and the means again.",
    )


def _no_mail() -> Invalid:
    return Invalid(
        "payments.gift_no_mail",
        ko="지금은 메일로 보낼 수 없습니다.",
        en="It cannot be sent by mail now.",
        next_ko="받는 사람을 비우고 산 뒤 번호를 직접 전해 주세요.",
        next_en="Leave the address empty, and hand the code over yourself.",
    )
