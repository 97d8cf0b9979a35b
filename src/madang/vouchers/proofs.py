"""A merchant's proof of annual sales: a file that the issuer's officer opens in the review."""

from __future__ import annotations

from uuid import UUID

import msgspec

from madang import files
from madang.db import Tx
from madang.files import Retention, Store
from madang.kernel import Actor, Invalid, derived
from madang.vouchers import errors, issuing, records

BYTES_MAX = 10_000_000
TYPES = (
    (b"%PDF-", "application/pdf", "pdf"),
    (b"\xff\xd8\xff", "image/jpeg", "jpg"),
    (b"\x89PNG\r\n", "image/png", "png"),
)


class Proof(msgspec.Struct, frozen=True, kw_only=True):
    """A content that lies in the store: ``sha256`` (hex), ``size`` in bytes, and what it is."""

    sha256: str
    size: int
    media_type: str


def put(store: Store, neighbourhood: str, content: bytes) -> Proof:
    """Write an upload to the store, outside any transaction. Raises ``Invalid`` ``vouchers.bad_proof`` for what is no
    PDF, JPEG or PNG, is empty, or has more than 10 MB: only the content counts, whatever the file is called."""
    media = next((media for magic, media, _ in TYPES if content.startswith(magic)), None)
    if media is None or len(content) > BYTES_MAX:
        raise Invalid(
            "vouchers.bad_proof",
            ko="증빙은 10 MB까지의 PDF, JPEG, PNG 파일이어야 합니다.",
            en="A proof is a PDF, JPEG or PNG of up to 10 MB.",
            next_ko="부가가치세 과세표준증명을 PDF로 내려받거나 사진으로 찍어 올리세요.",
            next_en="Upload the certificate of the VAT base as a PDF or a photograph.",
        )
    return Proof(sha256=store.put(neighbourhood, content), size=len(content), media_type=media)


def keep(tx: Tx, by: Actor, proof: Proof, application: UUID, *, at_us: int) -> str:
    """Record a proof for as long as records of trade are kept (five years); gives the id an application holds."""
    id = derived("vouchers.proof", application)
    files.keep(
        tx, by, id=id, sha256=proof.sha256, size=proof.size, media_type=proof.media_type, retention=Retention.TRADE,
        at_us=at_us,
    )  # fmt: skip
    return str(id)


def of_application(tx: Tx, by: Actor, programme: str, application: UUID) -> files.Kept:
    """The proof of an application, for who keeps the programme. Raises ``NotFound``, ``Forbidden``."""
    issuing.issuer_of(tx, by, programme)
    m = records.merchants
    found = records.applications(tx, m.c.id == application, m.c.programme == programme)
    if not found or not is_file(found[0].proof):
        raise errors.unknown(str(application))
    return files.find(tx, by, UUID(found[0].proof))


def is_file(proof: str) -> bool:
    """Whether an application's proof is a kept file; the first ones were the numbers of papers."""
    return len(proof) == 36 and proof.count("-") == 4


def name_of(kept: files.Kept) -> str:
    """What to call it when it is opened."""
    return "proof." + next(end for _, media, end in TYPES if media == kept.media_type)
