"""Kernel: what every room shares and no room owns: money, ids, time, who is asking, and typed errors."""

from madang.kernel.actor import Actor, Kind, Role, system
from madang.kernel.clock import Clock, ManualClock, SystemClock, business_date, seoul, start_of_day_us
from madang.kernel.errors import (
    Conflict,
    Forbidden,
    Invalid,
    MadangError,
    Malformed,
    NotFound,
    NotSignedIn,
    TooLarge,
    TooMany,
    Unavailable,
    UnknownMedia,
)
from madang.kernel.ids import Ids, Uuid7, derived
from madang.kernel.money import KRW, Money, allocate, vat_included

__all__ = [
    "KRW",
    "Actor",
    "Clock",
    "Conflict",
    "Forbidden",
    "Ids",
    "Invalid",
    "Kind",
    "MadangError",
    "Malformed",
    "ManualClock",
    "Money",
    "NotFound",
    "NotSignedIn",
    "Role",
    "SystemClock",
    "TooLarge",
    "TooMany",
    "Unavailable",
    "UnknownMedia",
    "Uuid7",
    "allocate",
    "business_date",
    "derived",
    "seoul",
    "start_of_day_us",
    "system",
    "vat_included",
]
