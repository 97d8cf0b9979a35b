"""The payer's link to a payment: works for guests, and after the way back from a gateway, which brings no session.

The payment's id and half of an HMAC-SHA256 over it (128 bits), like a receipt's link: nothing of it is stored.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from uuid import UUID

from madang.payments.faults import unknown

_LABEL = b"madang payment link 1\0"


class PayLinks:
    """Makes and reads tokens; ``secret`` has at least 32 bytes."""

    def __init__(self, secret: bytes) -> None:
        if len(secret) < 32:
            raise ValueError("payment links need a secret of at least 32 bytes")
        self._secret = secret

    def token(self, payment: UUID) -> str:
        """43 characters that are safe in an address."""
        return base64.urlsafe_b64encode(payment.bytes + self._proof(payment)).decode().rstrip("=")

    def address(self, payment: UUID) -> str:
        """Where the payer pays, and sees what became of it."""
        return f"/pay/{self.token(payment)}"

    def payment(self, token: str) -> UUID:
        """Raises ``NotFound`` for anything we did not make, without saying why."""
        try:
            raw = base64.b64decode(token.encode("ascii") + b"=", altchars=b"-_", validate=True)
        except (binascii.Error, UnicodeEncodeError):
            raise unknown() from None
        if len(raw) != 32 or not hmac.compare_digest(raw[16:], self._proof(UUID(bytes=raw[:16]))):
            raise unknown()
        return UUID(bytes=raw[:16])

    def _proof(self, payment: UUID) -> bytes:
        return hmac.new(self._secret, _LABEL + payment.bytes, hashlib.sha256).digest()[:16]
