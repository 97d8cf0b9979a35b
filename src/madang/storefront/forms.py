"""What forms say, read into the words of the storefront. A field that makes no sense is ``Invalid``, never a fault."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from madang.db import Tx
from madang.kernel import Actor, Invalid, business_date
from madang.kernel.clock import start_of_day_us
from madang.payments import Part
from madang.storefront import address_lines, faults, tender
from madang.storefront.addresses import Address
from madang.storefront.model import Checkout, Reason, Wish
from madang.storefront.placing import Choice, Placing
from madang.storefront.terms import terms_of
from madang.storefront.world import exporting
from madang.storefront.world.nations import Abroad

NOT_CONTENT = ("csrf_token", "idempotency_key")
STEPS = (
    "pack", "ship", "make_ready", "deliver", "hand_over", "got_back", "take_back", "exchange", "decline",
    "withdraw_claim", "pay_again", "confirm", "short",
)  # fmt: skip
STAFF_STEPS = ("pack", "ship", "make_ready", "deliver", "hand_over", "got_back", "take_back", "exchange", "decline")
SAID = (
    "thanks",
    "again",
    "partly",
    "hold_over",
    "not_paid",
    "return",
    "cancel",
    "confirm",
    "withdraw_claim",
    *STAFF_STEPS,
)
"""What a page may say was done."""


def number(text: str) -> int:
    """A whole number of at most nine digits. Raises ``Invalid``."""
    text = text.strip()
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        raise Invalid(
            "storefront.no_number",
            ko="수량은 0 이상의 숫자로 적어 주세요.",
            en="Write an amount as a whole number.",
            next_ko="숫자만 적어 다시 보내 주세요.",
            next_en="Use digits only, and send it again.",
        )
    return int(text)


def local(where: str | None, home: str) -> str:
    """An address of this site to go back to; never another site."""
    if where is None or not where.startswith("/") or where.startswith("//") or "\\" in where or len(where) > 300:
        return home
    return where if where.isprintable() else home


def year(at_us: int) -> int:
    return business_date(at_us).year


def choice_of(form: Mapping[str, str], shop: str) -> Choice:
    """``way.<shop>`` is ``delivery``, ``pickup/<place>`` or ``abroad/<service>``; ``slot.<shop>.<way>`` the window."""
    way, _, place = form.get(f"way.{shop}", "").partition("/")
    if way == "abroad":
        return Choice(way="abroad", service=place)
    kind = "delivery" if way == "delivery" else "pickup"
    return Choice(way=kind, place=place, slot=form.get(f"slot.{shop}.{kind}", ""))  # type: ignore[arg-type]


def totals(tx: Tx, by: Actor, held: Checkout, form: Mapping[str, str], country: str) -> dict[str, int]:
    """What is due at each shop: goods, and the fee of the chosen way (none while none is chosen); of what goes abroad
    the quote to ``country``."""
    found = {}
    for group in held.groups:
        way = choice_of(form, group.shop)
        if way.way == "abroad" and country:
            quoted = exporting.offer(tx, by, group.lines, country, held.begun_at_us)
            export = quoted.by(way.service)
            found[group.shop] = quoted.goods_krw + (export.added_krw if export else 0)
            continue
        chosen = f"way.{group.shop}" in form
        fee = terms_of(tx, group.shop).fee(choice_of(form, group.shop).way, group.goods_krw) if chosen else 0
        found[group.shop] = group.goods_krw + fee
    return found


def wish(form: Mapping[str, str]) -> tender.Wish:
    """How the form wants it paid: ``pay.voucher.<programme>``, ``pay.gift_card.<card>``, ``pay.wallet`` in won,
    ``means`` what pays the rest."""
    said: dict[str, dict[str, int]] = {tender.VOUCHER: {}, tender.CARD: {}}
    for name, text in form.items():
        start, _, rest = name.partition(".")
        kind, _, ref = rest.partition(".")
        if start == "pay" and kind in said and ref and text.strip():
            said[kind][ref] = number(text.replace(",", ""))
    wallet = form.get("pay.wallet", "").replace(",", "").strip()
    return tender.Wish(
        vouchers={ref: krw for ref, krw in said[tender.VOUCHER].items() if krw},
        cards={ref: krw for ref, krw in said[tender.CARD].items() if krw},
        wallet_krw=number(wallet) if wallet else 0,
        rest=form.get("means", ""),
    )


def placing(held: Checkout, form: Mapping[str, str], *, parts: tuple[Part, ...], country: str = "") -> Placing:
    """The checkout's form; ``country`` is where what goes abroad goes."""
    choices = {group.shop: choice_of(form, group.shop) for group in held.groups if f"way.{group.shop}" in form}
    address = Address(**{name: form.get(name, "") for name in Address.__struct_fields__})
    kept = form.get("kept_address", "")
    kept_abroad = form.get("kept_abroad", "new")
    fields = {name: form.get(f"x.{name}", "") for name in Abroad.__struct_fields__ if name != "country"}
    agreed = frozenset(name.removeprefix("agree.") for name in form if name.startswith("agree."))
    born = form.get("born", "").strip()
    return Placing(
        choices=choices,
        address=None if kept and kept != "new" else address,
        kept_address=kept if kept != "new" else "",
        agreed=agreed,
        born=number(born) if born else None,
        parts=parts,
        abroad=Abroad(country=country, **fields) if country and kept_abroad == "new" else None,
        kept_abroad=kept_abroad if kept_abroad != "new" else "",
    )


def filled(form: Mapping[str, str]) -> Mapping[str, str]:
    """The form with an address that was pasted in one line taken apart into its fields."""
    if not form.get("paste", "").strip():
        return form
    found = address_lines.read(form["paste"][:400])
    said = {"postcode": found.postcode, "road": found.road, "detail": found.detail}
    return {**form, **{name: text for name, text in said.items() if text}, "paste": "", "kept_address": "new"}


def coming_back(form: Mapping[str, str]) -> dict[str, Any]:
    """The form that gives back: ``amount.<line>`` for each line, a reason, return or exchange."""
    wishes = []
    for name, text in form.items():
        line = name.removeprefix("amount.")
        if name.startswith("amount.") and line.isdigit() and text.strip() and number(text):
            to = form.get(f"to.{line}", "")[:80] if form.get("kind") == "exchange" else ""
            wishes.append(Wish(line=number(line), amount=number(text), to=to))
    reason = form.get("reason", "")
    if reason not in list(Reason):
        raise Invalid(
            "storefront.no_reason",
            ko="이유를 하나 골라 주세요.",
            en="Choose a reason.",
            next_ko="고른 뒤 다시 보내 주세요.",
            next_en="Then send it again.",
        )
    kind = "exchange" if form.get("kind") == "exchange" else "return"
    untouched = form.get("untouched") == "yes"
    note = form.get("note", "")[:500]
    known = form.get("known_on", "").strip()
    return {
        "kind": kind, "lines": wishes, "reason": Reason(reason), "untouched": untouched, "note": note,
        "means": form.get("means", "")[:40] if kind == "exchange" else "",
        "known_at_us": _day_us(known) if known and reason != Reason.CHANGE_OF_MIND else None,
    }  # fmt: skip


def _day_us(text: str) -> int:
    try:
        return start_of_day_us(date.fromisoformat(text))
    except ValueError:
        raise faults.known_wrong() from None


def args_of(step: str, form: Mapping[str, str]) -> dict[str, object]:
    """What staff say with a step."""
    if step == "ship":
        return {"by": form.get("by", "")[:60], "number": form.get("number", "")[:60]}
    if step in ("deliver", "hand_over"):
        return {"age_checked": form.get("age_checked") == "yes"}
    said: dict[str, object] = {"claim": number(form["claim"])} if form.get("claim") else {}
    if step in ("take_back", "exchange"):
        said["sellable"] = form.get("sellable") == "yes"
        if step == "take_back" and form.get("waive") == "yes":
            said["waive"] = True
        return said
    if step == "pay_again":
        said["means"] = form.get("means", "")[:40]
    if step == "decline":
        said["why"] = form.get("why", "")[:500]
    return said
