"""Gateways (결제대행, PG): one protocol, an adapter for each company. Network only: no database, no rules of ours."""

from madang.payments.gateways.kakao import KakaoPay
from madang.payments.gateways.model import (
    Back,
    BackSeen,
    Bad,
    Gateway,
    Hint,
    Opened,
    Order,
    Refused,
    Seen,
    Settling,
    Status,
    Unclear,
)
from madang.payments.gateways.toss import TossPayments

__all__ = [
    "Back",
    "BackSeen",
    "Bad",
    "Gateway",
    "Hint",
    "KakaoPay",
    "Opened",
    "Order",
    "Refused",
    "Seen",
    "Settling",
    "Status",
    "TossPayments",
    "Unclear",
]
