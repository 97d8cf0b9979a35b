"""Won shown in other currencies: rounded as ISO 4217 says, by a rate with its source and age. Pure.

Nothing is ever paid by these figures: payment and settlement are in won.
"""

from __future__ import annotations

import re

import msgspec

from madang.kernel.clock import DAY_US

NANO = 1_000_000_000
OLD_US = 3 * DAY_US
"""From this age on the page says how old a rate is (over a long weekend no bank sets one)."""
DEAD_US = 14 * DAY_US
"""Past this age an amount by it would mislead, and is not shown."""
CODE = re.compile(r"[A-Z]{3}")
MINOR = {
    **dict.fromkeys(("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI", "VND"), 0),
    **dict.fromkeys(("VUV", "XAF", "XOF", "XPF"), 0),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
    **dict.fromkeys(("CLF", "UYW"), 4),
}
"""Decimals that are not two (ISO 4217:2015, table A.1)."""
SIGNS = {
    "USD": "US$", "EUR": "€", "JPY": "JP¥", "GBP": "£", "CNY": "CN¥", "TWD": "NT$", "HKD": "HK$", "SGD": "S$",
    "AUD": "A$", "CAD": "C$", "THB": "฿", "VND": "₫", "MYR": "RM", "PHP": "₱", "NZD": "NZ$", "INR": "₹",
}  # fmt: skip


class Rate(msgspec.Struct, frozen=True, kw_only=True):
    """What one unit of ``currency`` costs in won, in billionths; as of ``at_us``, by ``source``."""

    currency: str
    krw_nano: int
    at_us: int
    source: str

    def old(self, now_us: int) -> bool:
        return now_us - self.at_us > OLD_US

    def dead(self, now_us: int) -> bool:
        return now_us - self.at_us > DEAD_US

    def days(self, now_us: int) -> int:
        return max(0, now_us - self.at_us) // DAY_US

    @property
    def krw(self) -> str:
        return won_of_one(self.krw_nano)


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """What was shown to a buyer beside the won they pay: kept with the order, rate and all."""

    currency: str
    minor: int
    krw_nano: int
    rate_at_us: int
    source: str

    @property
    def text(self) -> str:
        return written(self.minor, self.currency)

    @property
    def rate(self) -> str:
        return won_of_one(self.krw_nano)


def won_of_one(krw_nano: int) -> str:
    """The won for one unit of a currency, for people: ``1,391.2``."""
    text = f"{krw_nano / NANO:,.4f}" if krw_nano < 100 * NANO else f"{krw_nano / NANO:,.2f}"
    return text.rstrip("0").rstrip(".")


def decimals(currency: str) -> int:
    return MINOR.get(currency, 2)


def to_minor(krw: int, rate: Rate) -> int:
    """Won in the smallest units of a currency, rounded half up (half away from nothing for what is negative)."""
    scaled: int = abs(krw) * 10 ** decimals(rate.currency) * NANO
    found = (2 * scaled + rate.krw_nano) // (2 * rate.krw_nano)
    return found if krw >= 0 else -found


def to_krw(minor: int, rate: Rate) -> int:
    """The other way round: a limit a country sets in its own money, in whole won."""
    scale: int = 10 ** decimals(rate.currency) * NANO
    return (2 * minor * rate.krw_nano + scale) // (2 * scale)


def written(minor: int, currency: str) -> str:
    """``US$12.30``, ``JP¥1,230``, ``KWD 1.230``."""
    places = decimals(currency)
    whole, rest = divmod(abs(minor), 10**places)
    number = f"{whole:,}" + (f".{rest:0{places}}" if places else "")
    sign = SIGNS.get(currency, f"{currency} ")
    return f"{'−' if minor < 0 else ''}{sign}{number}"


def shown(krw: int, rate: Rate) -> Shown:
    return Shown(
        currency=rate.currency, minor=to_minor(krw, rate), krw_nano=rate.krw_nano, rate_at_us=rate.at_us,
        source=rate.source,
    )  # fmt: skip
