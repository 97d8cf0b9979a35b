"""The shopper's link to a receipt: a token that names the receipt and proves that we made it.

The token is the receipt's id and half of an HMAC-SHA256 over it (128 bits), so it cannot be guessed, can be shown
again at any time (page, message, after a restart), and nothing that opens a receipt lies in the database: neither the
token nor its hash. Without the secret a copy of the database opens nothing. A secret is changed by putting the new one
first: links made under the older ones open until those are dropped from the list.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Sequence
from uuid import UUID

from madang.kernel import NotFound

_LABEL = b"madang receipt link 1\0"


class Links:
    """Makes and reads tokens. ``secrets``: the one in use first, at least 32 bytes each."""

    def __init__(self, secrets: Sequence[bytes]) -> None:
        if not secrets or any(len(secret) < 32 for secret in secrets):
            raise ValueError("receipt links need a secret of at least 32 bytes")
        self._secrets = tuple(secrets)

    def token(self, receipt: UUID) -> str:
        """43 characters that are safe in an address."""
        return base64.urlsafe_b64encode(receipt.bytes + _proof(self._secrets[0], receipt)).decode().rstrip("=")

    def receipt(self, token: str) -> UUID:
        """The receipt a token opens. Raises ``NotFound`` for anything we did not make, without saying why."""
        raw = _decoded(token)
        receipt, proof = UUID(bytes=raw[:16]), raw[16:]
        good = [hmac.compare_digest(proof, _proof(secret, receipt)) for secret in self._secrets]
        if not any(good):
            raise unknown()
        return receipt


def unknown() -> NotFound:
    return NotFound(
        "deals.receipt_unknown",
        ko="영수증을 찾을 수 없습니다.",
        en="There is no such receipt.",
        next_ko="받은 주소를 처음부터 끝까지 그대로 여세요.",
        next_en="Open the whole address exactly as you received it.",
    )


def _decoded(token: str) -> bytes:
    try:
        raw = base64.b64decode(token.encode("ascii") + b"=", altchars=b"-_", validate=True)
    except (binascii.Error, UnicodeEncodeError):
        raise unknown() from None
    if len(raw) != 32:
        raise unknown()
    return raw


def _proof(secret: bytes, receipt: UUID) -> bytes:
    return hmac.new(secret, _LABEL + receipt.bytes, hashlib.sha256).digest()[:16]
