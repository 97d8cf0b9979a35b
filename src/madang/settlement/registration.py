"""Numbers on tax documents: the business registration number's check digit, what may be shown of an id. Pure."""

from __future__ import annotations

WEIGHTS = (1, 3, 7, 1, 3, 7, 1, 3, 5)


def valid(digits: str) -> bool:
    """Whether ten digits are a 사업자등록번호.

    Check digit: the weighted sum of the first nine, plus the tens of five times the ninth, to the next ten
    (국세청 사업자등록번호 검증 방식).
    """
    if len(digits) != 10 or not digits.isascii() or not digits.isdigit():
        return False
    number = [int(digit) for digit in digits]
    total = sum(n * w for n, w in zip(number[:9], WEIGHTS, strict=True)) + number[8] * 5 // 10
    return (10 - total % 10) % 10 == number[9]


def shown(digits: str) -> str:
    """123-45-67891."""
    return f"{digits[:3]}-{digits[3:5]}-{digits[5:]}" if len(digits) == 10 else digits


def masked(identity: str) -> str:
    """A phone or card number of which only the first three and last two signs can be read (현금영수증)."""
    signs = [c for c in identity if c.isalnum()]
    if len(signs) <= 5:
        return "*" * len(signs)
    return "".join(signs[:3]) + "*" * (len(signs) - 5) + "".join(signs[-2:])
