"""What vouchers should do, in plain dictionaries: nothing of the room's own code is used here."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

DAY = 86_400_000_000
KST = timezone(timedelta(hours=9))


def seoul(us: int) -> datetime:
    return datetime.fromtimestamp(us // 1_000_000, KST)


class Refused(Exception):
    """The code an act is refused with."""


class VoucherModel:
    """People with wallets, lots, payments; one programme, some shops."""

    def __init__(self, now: int) -> None:
        self.now, self.wallets = now, dict[str, int]()
        self.lots: dict[int, dict[str, Any]] = {}
        self.payments: dict[int, dict[str, Any]] = {}
        self.rule: dict[str, Any] = {}
        self.shops: dict[str, bool] = {}
        self.subsidy = self.expired = self.sales = 0

    def buy(self, n: int, who: str, face: int) -> None:
        r = self.rule
        month = seoul(self.now).strftime("%Y-%m")
        mine = [lot for lot in self.lots.values() if lot["who"] == who]
        bought = sum(lot["face"] for lot in mine if lot["month"] == month and lot["state"] != "cancelled")
        holding = sum(lot["left"] for lot in mine if lot["state"] == "open")
        if bought + face > r["month"]:
            raise Refused("vouchers.over_month")
        if holding + face > r["hold"]:
            raise Refused("vouchers.over_holding")
        grant = face * r["bp"] // 10_000
        if self.wallets[who] < face - grant:
            raise Refused("payments.not_enough")
        self.wallets[who] -= face - grant
        self.subsidy += grant
        self.lots[n] = {
            "n": n, "who": who, "face": face, "grant": grant, "left": face, "held": 0, "gone": 0, "state": "open",
            "month": month, "bought": self.now, "until": self._end(r["months"]), "cancel": self.now + 7 * DAY,
            "used_bp": r["used_bp"], "touched": False,
        }  # fmt: skip

    def hold(self, n: int, who: str, shop: str, amount: int) -> None:
        if not self.shops[shop]:
            raise Refused("vouchers.not_accepted")
        good = [x for x in self.lots.values() if x["who"] == who and x["state"] == "open" and self.now < x["until"]]
        good.sort(key=lambda x: (x["until"], x["bought"], x["n"]))
        takes, left = [], amount
        for lot in good:
            part = min(left, lot["left"] - lot["held"])
            if part:
                takes.append({"lot": lot, "held": part, "taken": 0, "back": 0})
            left -= part
        if left:
            raise Refused("vouchers.not_enough")
        for take in takes:
            take["lot"]["held"] += take["held"]
        self.payments[n] = {"takes": takes, "state": "held", "amount": amount}

    def capture(self, n: int, amount: int) -> None:
        left = amount
        for take in self.payments[n]["takes"]:
            part = min(left, take["held"])
            left -= part
            take["lot"]["held"] -= take["held"]
            take["lot"]["left"] -= part
            take["lot"]["touched"] |= part > 0
            take["taken"] = part
        self.sales += amount
        self.payments[n]["state"] = "captured"

    def void(self, n: int) -> None:
        for take in self.payments[n]["takes"]:
            take["lot"]["held"] -= take["held"]
        self.payments[n]["state"] = "voided"

    def refund(self, n: int, amount: int) -> None:
        left = amount
        for take in reversed(self.payments[n]["takes"]):
            part = min(left, take["taken"] - take["back"])
            if not part:
                continue
            left -= part
            take["back"] += part
            lot = take["lot"]
            if self.now >= lot["until"]:
                if lot["state"] == "open" and lot["left"] > lot["held"]:
                    self._expire(lot)
                lot["until"] = self.now + self.rule["grace"] * DAY
            lot["left"] += part
            lot["state"] = "open"
        self.sales -= amount

    def cancel(self, n: int) -> None:
        lot = self.lots[n]
        if lot["state"] == "cancelled":
            return
        fresh = lot["state"] == "open" and lot["left"] == lot["face"] and not lot["held"] and not lot["touched"]
        if not fresh or self.now >= lot["cancel"]:
            raise Refused("vouchers.not_now")
        self._back(lot, "cancelled")

    def rest(self, n: int) -> None:
        lot = self.lots[n]
        if lot["state"] == "refunded":
            return
        used = (lot["face"] - lot["left"]) * 10_000 >= lot["face"] * lot["used_bp"] or lot["gone"]
        if lot["state"] != "open" or not lot["left"] or lot["held"] or not used or self.now >= lot["until"]:
            raise Refused("vouchers.not_now")
        self._back(lot, "refunded")

    def sweep(self) -> None:
        for lot in self.lots.values():
            if lot["state"] == "open" and self.now >= lot["until"]:
                self._expire(lot)

    def _back(self, lot: dict[str, Any], state: str) -> None:
        own = self._leave(lot, lot["left"])
        self.wallets[lot["who"]] += own
        lot["state"] = state

    def _expire(self, lot: dict[str, Any]) -> None:
        self.expired += self._leave(lot, lot["left"] - lot["held"])
        if not lot["held"]:
            lot["state"] = "expired"

    def _leave(self, lot: dict[str, Any], amount: int) -> int:
        """Take won out of a lot; the holder's own part of it. The grant goes back to the issuer."""
        grant = (lot["gone"] + amount) * lot["grant"] // lot["face"] - lot["gone"] * lot["grant"] // lot["face"]
        lot["gone"] += amount
        lot["left"] -= amount
        self.subsidy -= grant
        return amount - grant

    def _end(self, months: int) -> int:
        at = seoul(self.now)
        year, month = divmod(at.year * 12 + at.month - 1 + months, 12)
        day = at.day
        while True:
            try:
                end = datetime(year, month + 1, day, tzinfo=KST) + timedelta(days=1)
                return int(end.timestamp()) * 1_000_000
            except ValueError:
                day -= 1
