"""현금영수증: what a buyer paid otherwise than by card is told to the tax office, for their income deduction
(소득공제) or as a business's proof of expense (지출증빙) (소득세법 §162조의3, 부가가치세법 §46).

A buyer asks for a visit or an order, or once for all that is to come. What is told is a document of each seller; it
follows the receipts: whatever is charged more or given back later is told as the difference, the documents after the
first naming it. The number lies in the members' vault (``cash_numbers``), documents and pages show it masked. What a
payment company charged is told by the card and not here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from uuid import UUID

import msgspec
import sqlalchemy as sa

from madang import deals, members, settlement
from madang.catalog import Vat
from madang.db import Tx, table
from madang.deals import Deal, Receipt
from madang.deals.facts import ReceiptIssued
from madang.journal.model import Fact
from madang.journal.readers import Handler
from madang.kernel import Actor, Conflict, NotFound, allocate, derived, system
from madang.payments import on_account
from madang.settlement import PartyKind, registration
from madang.storefront import cash_numbers, paying, profile

CASH = ("wallet", "gift_card", "voucher")
"""Means that no card company tells of."""
Due = dict[str, tuple[int, int]]
"""(supply, VAT) that is to be told by seller."""

wishes = table(
    "storefront_cash_wish",
    sa.Column("about", sa.Uuid, nullable=False),
    sa.Column("number", sa.Text, nullable=False),
    sa.Column("masked", sa.Text, nullable=False),
    sa.Column("business", sa.BigInteger, nullable=False),
    sa.Column("asked_us", sa.BigInteger, nullable=False),
    sa.Column("told", sa.Text, nullable=False),
    key=["about"],
)


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What the documents of one seller come to so far: the first one's id, and how many there are."""

    first: UUID
    count: int
    supply_krw: int
    vat_krw: int


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """What was asked for a visit or an order (or by a person for all to come: ``about`` is theirs), and what was told
    by seller."""

    about: UUID
    number: str
    masked: str
    business: bool
    asked_us: int
    told: dict[str, Told] = {}

    @property
    def krw(self) -> int:
        return sum(one.supply_krw + one.vat_krw for one in self.told.values())


def wish_of(tx: Tx, about: UUID) -> Wish | None:
    """The wish for a deal, or a person's for all that is to come."""
    row = tx.get(wishes, (about,))
    if row is None:
        return None
    told = msgspec.json.decode(row["told"], type=dict[str, Told])
    return Wish(
        about=about, number=row["number"], masked=row["masked"], business=bool(row["business"]),
        asked_us=row["asked_us"], told=told,
    )  # fmt: skip


class Sale(msgspec.Struct, frozen=True, kw_only=True):
    """What a cash receipt is of: a deal, or what was paid at a counter (``cash_slips``), with its shop and buyer.
    ``deal`` is None at a counter, and where a shop's own machine keeps it and its receipts alone are here."""

    id: UUID
    shop: str
    subject: str
    deal: Deal | None = None


def sale_of(tx: Tx, by: Actor, deal: UUID) -> Sale:
    """A deal as a cash receipt is of it. Raises ``NotFound`` where it and its receipts are not ``by``'s to see."""
    try:
        found = deals.get(tx, by, deal)
    except NotFound:
        slips = deals.receipts.of_deal(tx, by, deal)
        if not slips:
            raise
        return Sale(id=deal, shop=slips[0].shop, subject=slips[0].person)
    return Sale(id=deal, shop=found.shop, subject=found.subject, deal=found)


def ask(
    tx: Tx, by: Actor, deal: UUID, number: str, *, business: bool = False, always: bool = False, at_us: int
) -> Wish:
    """Ask for a deal's cash receipt: a phone's or a cash receipt card's number, or a business's registration number;
    ``always``: and for every deal to come. For the buyer, and for staff for them.

    The same again is one. Raises ``Invalid`` ``storefront.bad_cash_number``, ``Conflict`` ``storefront.cash_asked``
    where another number was given before, ``storefront.no_cash`` where nothing was paid but by card, and
    ``storefront.cash_at_server`` on a shop's own machine: the money, and who tells of it, is at the server.
    """
    sale = sale_of(tx, by, deal)
    if on_account.terms_of(tx, sale.shop) is not None:
        raise _at_the_server()

    def due() -> Due:
        if deals.receipts.of_deal(tx, _ours(tx), deal) and cash_krw(tx, sale) <= 0:
            raise no_cash()
        return _due(tx, sale)

    return ask_of(tx, by, sale, number, due, business=business, always=always, at_us=at_us)


def ask_of(
    tx: Tx, by: Actor, sale: Sale, number: str, due: Callable[[], Due], *, business: bool, always: bool, at_us: int
) -> Wish:
    """Ask for a sale's cash receipt; ``due`` says what it is to come to now. Raises what ``ask`` raises."""
    digits = cash_numbers.tidy(number, business=business)
    known = wish_of(tx, sale.id)
    if known is not None:
        if (known.masked, known.business) != (registration.masked(digits), business):
            raise _asked()
        return known
    now, person = due(), UUID(sale.subject)
    members.add_person(tx, _ours(tx), key=person, fields={}, at_us=at_us)  # a guest, whom nobody knew
    kept = cash_numbers.keep(tx, by, person, digits, business, at_us)
    made = Wish(
        about=sale.id, number=kept.key, masked=registration.masked(digits), business=business, asked_us=at_us
    )  # fmt: skip
    _add(tx, made)
    cash_numbers.used(tx, person, sale.id, kept.key, at_us=at_us)
    if always:
        stop(tx, by, person)
        _add(tx, msgspec.structs.replace(made, about=person))
    return _bring_up_to_date(tx, sale, made, now, at_us)


def stop(tx: Tx, by: Actor, person: UUID) -> None:
    """From now on nothing is told without being asked for."""
    by.need_neighbourhood(tx.neighbourhood)
    _forget(tx, person)


def heard(tx: Tx, fact: Fact) -> None:
    """A receipt was issued: documents that were asked for follow it; who wants one always has one of a new deal."""
    assert isinstance(fact.body, ReceiptIssued)
    sale = sale_of(tx, _ours(tx), UUID(fact.body.deal))
    follow(tx, sale, lambda: _due(tx, sale), new=fact.body.original is None, at_us=fact.at_us)


def follow(tx: Tx, sale: Sale, due: Callable[[], Due], *, new: bool, at_us: int) -> None:
    """What a sale comes to was changed, or it is ``new``: its documents follow, where they were asked for."""
    wish = wish_of(tx, sale.id)
    if wish is None and new and (usual := _usual(tx, sale.subject)) is not None:
        wish = msgspec.structs.replace(usual, about=sale.id, asked_us=at_us, told={})
        _add(tx, wish)
        cash_numbers.used(tx, UUID(sale.subject), sale.id, wish.number, at_us=at_us)
    if wish is not None:
        _bring_up_to_date(tx, sale, wish, due(), at_us)


HANDLERS: Mapping[type[msgspec.Struct], Handler] = {ReceiptIssued: heard}


def _bring_up_to_date(tx: Tx, sale: Sale, wish: Wish, due: Due, at_us: int) -> Wish:
    """Tell the difference between what is ``due`` now and what was told before, seller by seller."""
    told = dict(wish.told)
    for seller in sorted({*due, *told}):
        supply, vat = due.get(seller, (0, 0))
        before = told.get(seller)
        more, tax = (supply, vat) if before is None else (supply - before.supply_krw, vat - before.vat_krw)
        if not (more or tax):
            continue
        count = 1 if before is None else before.count + 1
        made = settlement.cash_receipt(
            tx, _ours(tx), id=derived("storefront.cash", sale.id, seller, count), supplier=seller,
            registration=registration_of(tx, sale.shop, seller), recipient=wish.masked, business=wish.business,
            supply_krw=more, vat_krw=tax, amends=before.first if before else None, at_us=at_us,
        )  # fmt: skip
        cash_numbers.used(tx, UUID(sale.subject), made.id, wish.number, at_us=at_us)
        told[seller] = Told(first=before.first if before else made.id, count=count, supply_krw=supply, vat_krw=vat)
    after = msgspec.structs.replace(wish, told=told)
    _forget(tx, wish.about)
    _add(tx, after)
    return after


def _due(tx: Tx, sale: Sale) -> Due:
    """(supply, VAT) by seller of what was paid by anything but a card, of all the deal's receipts."""
    slips = deals.receipts.of_deal(tx, _ours(tx), sale.id)
    sums: dict[str, list[int]] = {}
    for slip in slips:
        sellers = _sellers(tx, sale, slip)
        for line in slip.lines:
            seller = sellers.get(line.original_line or line.number, f"{PartyKind.MERCHANT}/{sale.shop}")
            mine = sums.setdefault(seller, [0, 0])
            mine[0] += line.amount_krw
            mine[1] += line.vat_krw if line.vat is Vat.TAXABLE and settlement.taxed(tx, seller, slip.at_us) else 0
    cash = max(0, cash_krw(tx, sale))
    if not any(amount for amount, _ in sums.values()):
        return {}
    parts = allocate(cash, [amount for amount, _ in sums.values()])
    found: dict[str, tuple[int, int]] = {}
    for (seller, (amount, vat)), part in zip(sums.items(), parts, strict=True):
        tax = (2 * vat * part + amount) // (2 * amount) if amount else 0
        found[seller] = (part - tax, tax)
    return found


def _sellers(tx: Tx, sale: Sale, slip: Receipt) -> dict[int, str]:
    """Whose sale each line is, as it was frozen; nothing where the shop sold all for itself."""
    return settlement.sellers_of(tx, slip.original or slip.id) or settlement.sellers_of(tx, sale.id)


def cash_krw(tx: Tx, sale: Sale) -> int:
    """What of a sale was paid by anything but a card, less what of it went back. What goes back against other goods
    moves no money: it is as much cash as the receipt it is of."""
    slips = deals.receipts.of_deal(tx, _ours(tx), sale.id)
    by_id, total = {slip.id: slip for slip in slips}, 0
    for slip in slips:
        paid = paying.paid_by(tx, sale.deal, slip)
        if not paid and slip.original in by_id:
            paid = paying.paid_by(tx, sale.deal, by_id[slip.original])
        every, cash = sum(one.amount_krw for one in paid), sum(one.amount_krw for one in paid if one.means in CASH)
        part = abs(slip.total_krw) * abs(cash) // abs(every) if every else abs(slip.total_krw)
        total += part if slip.total_krw > 0 else -part
    return total


def registration_of(tx: Tx, shop: str, seller: str) -> str:
    """사업자등록번호 of who sold, empty where none is known."""
    of_party = settlement.registration_of(tx, seller)
    if of_party:
        return of_party
    said = profile.profile_of(tx, shop)
    return said.registration if said is not None and seller == f"{PartyKind.MERCHANT}/{shop}" else ""


def _usual(tx: Tx, subject: str) -> Wish | None:
    try:
        found = wish_of(tx, UUID(subject))
    except ValueError:  # nobody we know
        return None
    return found


def _add(tx: Tx, wish: Wish) -> None:
    row = {
        "neighbourhood": tx.neighbourhood, "about": wish.about, "number": wish.number, "masked": wish.masked,
        "business": int(wish.business), "asked_us": wish.asked_us, "told": msgspec.json.encode(wish.told).decode(),
    }  # fmt: skip
    tx.many(_PUT, [row])


def _forget(tx: Tx, about: UUID) -> None:
    tx.many(_FORGET, [{"n_": tx.neighbourhood, "about_": about}])


_PUT = sa.insert(wishes)
_FORGET = sa.delete(wishes).where(
    wishes.c.neighbourhood == sa.bindparam("n_"), wishes.c.about == sa.bindparam("about_")
)


def _ours(tx: Tx) -> Actor:
    return system(tx.neighbourhood, "storefront/cash")


def _asked() -> Conflict:
    return Conflict(
        "storefront.cash_asked",
        ko="이 거래의 현금영수증은 다른 번호로 이미 발급했습니다.",
        en="A cash receipt of this was issued under another number already.",
        next_ko="번호를 바꾸려면 가게에 문의하세요.",
        next_en="Ask the shop to have the number changed.",
    )


def _at_the_server() -> Conflict:
    return Conflict(
        "storefront.cash_at_server",
        ko="이 가게의 현금영수증은 동네 서버에서 발급합니다.",
        en="Cash receipts of this shop are issued by the neighbourhood's server.",
        next_ko="동네 홈페이지의 주문 내역에서 이 영수증을 열어 신청하세요.",
        next_en="Open this receipt in your orders on the neighbourhood's site and ask there.",
    )


def no_cash() -> Conflict:
    return Conflict(
        "storefront.no_cash",
        ko="카드로 결제했거나 모두 돌려받은 것에는 현금영수증이 없습니다.",
        en="What was paid by card, or has all been given back, has no cash receipt.",
        next_ko="카드로 결제했다면 카드 전표가 그 증빙입니다.",
        next_en="Of a card payment the card's slip is the proof.",
    )
