"""A receipt desk in memory, with one receipt: for tests of the receipt page."""

from __future__ import annotations

from uuid import UUID

from madang.catalog.model import SoldBy, Vat
from madang.deals.lines import Line, Receipt, split_of
from madang.deals.links import unknown
from madang.deals.pages import Cash, Objection, Said, Shown
from madang.kernel import Actor, Malformed

TOKEN = "a-token-that-cannot-be-guessed"
AT_US = 1_795_271_699_000_000


def line(
    number: int, ko: str, en: str, unit_price_krw: int, qty: int, probability: float, grams: int | None = None
) -> Line:
    """A taxed line sold by piece, or an exempt one by weight where ``grams`` are given."""
    by_weight = grams is not None
    amount = unit_price_krw * (grams or 0) // 100 if by_weight else unit_price_krw * qty
    return Line(
        number=number,
        product=f"A{number}",
        name_ko=ko,
        name_en=en,
        vat=Vat.EXEMPT if by_weight else Vat.TAXABLE,
        sold_by=SoldBy.WEIGHT if by_weight else SoldBy.UNIT,
        qty=qty,
        grams=grams,
        unit_price_krw=unit_price_krw,
        amount_krw=amount,
        vat_krw=0 if by_weight else round(amount / 11),
        probability=probability,
    )


LINES = (
    line(1, "한울 녹차", "Hanul green tea", 1500, 3, 0.999),
    line(2, "새봄 감자칩 <b>", "Saebom crisps <b>", 2300, 1, 0.94),
    line(3, "들꽃 사과", "Wildflower apples", 690, 1, 0.81, grams=430),
    line(4, "다온 초코바", "Daon chocolate bar", 1200, 1, 0.63),
)


class SmallDesk:
    """Gives back at once, except line 3, which waits for a person."""

    def __init__(self) -> None:
        self.said: list[tuple[int, int | None, str]] = []
        self._objections: tuple[Objection, ...] = ()
        self._cash = Cash()
        self._keys: set[str] = set()

    def open(self, by: Actor, token: str) -> Shown:
        if token != TOKEN:
            raise unknown()
        total = sum(one.amount_krw for one in LINES)
        receipt = Receipt(
            id=UUID(int=7),
            shop="s1",
            day="2026-11-21",
            number=42,
            deal=UUID(int=8),
            person="p1",
            at_us=AT_US,
            split=split_of(LINES),
            total_krw=total,
            lines=LINES,
            confidence=0.482,
        )
        back = sum(one.refunded_krw for one in self._objections)
        return Shown(
            receipt=receipt,
            shop_ko="마루 골목 가게",
            shop_en="Maru Corner Shop",
            state="refunded" if back else "charged",
            charged_krw=total,
            refunded_krw=back,
            paid_from_ko="동네 지갑",
            paid_from_en="Neighbourhood wallet",
            objections=self._objections,
            cash=self._cash,
        )

    def ask_cash(self, by: Actor, token: str, number: str, *, business: bool, always: bool) -> None:
        self._cash = Cash(masked="010******78", business=business, krw=7_000, always=always)

    def stop_cash(self, by: Actor, token: str) -> None:
        self._cash = Cash(masked="010******78", krw=7_000)

    def appeal(self, by: Actor, token: str, said: Said) -> None:
        self.said.append((said.line, said.qty, said.reason))

    def object(self, by: Actor, token: str, said: Said) -> None:
        if not said.key:
            raise Malformed("guard.bad_key", ko="열쇠가 없습니다.", en="There is no key.")
        if said.key in self._keys:
            return
        self._keys.add(said.key)
        self.said.append((said.line, said.qty, said.reason))
        wrong = LINES[said.line - 1]
        waits = wrong.grams is not None
        back = 0 if waits else wrong.unit_price_krw * (said.qty or wrong.qty)
        made = Objection(line=said.line, outcome="review" if waits else "refunded", refunded_krw=back)
        self._objections = (*self._objections, made)
