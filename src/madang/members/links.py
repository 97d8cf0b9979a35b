"""One-time links by e-mail, the second way in: random, kept as digests, good once and for fifteen minutes.

Whether an address is a member's is told to nobody but its reader: asking looks and takes the same for all.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa

from madang.db import Tx
from madang.kernel import NotFound
from madang.kernel.clock import MINUTE_US
from madang.members import records
from madang.members.declared import Passing, declare_passing
from madang.members.tables import links

GOOD_US = 15 * MINUTE_US
declare_passing(
    Passing(
        name="links", what_ko="로그인·초대 링크를 받는 이메일",
        what_en="E-mail address a sign-in link or an invitation goes to",
        purpose_ko="링크를 보내기", purpose_en="Mailing the link", basis="contract",
        keep_ko="쓰이거나 시간이 지나면 파기, 보낸 기록은 잠가서 30일",
        keep_en="until it was used or its time is over; the sealed record of its sending for 30 days",
    )
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Link:
    """Whose mailbox it was sent to (``address`` is a digest, ``sealed`` the address under the keyring), and, where
    somebody signed in asked for it, ``person``, who adds the address."""

    address: str
    sealed: bytes
    person: UUID | None


def make(tx: Tx, token: str, address: str, sealed: bytes, at_us: int, *, person: UUID | None = None) -> None:
    """A new link; one that was sent to the address before is good no more."""
    tx.execute(sa.delete(links).where(records.mine(tx, links, address=address)))
    records.add(
        tx, links, digest=_digest(tx, token), address=address, sealed=sealed, person=person,
        expires_at_us=at_us + GOOD_US,
    )  # fmt: skip


def look(tx: Tx, token: str, at_us: int) -> Link:
    """The link, still unused. Raises ``NotFound`` ``members.link_over``."""
    columns = (links.c.address, links.c.sealed, links.c.person)
    mine = records.mine(tx, links, digest=_digest(tx, token))
    rows = tx.rows(sa.select(*columns).where(mine, links.c.expires_at_us >= at_us))
    if not rows:
        raise NotFound(
            "members.link_over",
            ko="이미 쓰였거나 시간이 지난 링크입니다.",
            en="This link was used already, or its time is over.",
            next_ko="로그인 화면에서 링크를 새로 받으세요.",
            next_en="Ask for a new one on the sign-in page.",
        )
    address, sealed, person = rows[0]
    return Link(address, bytes(sealed), person)


def use(tx: Tx, token: str, at_us: int) -> Link:
    """The link, used up by this."""
    found = look(tx, token, at_us)
    tx.execute(sa.delete(links).where(records.mine(tx, links, digest=_digest(tx, token))))
    return found


def forget(tx: Tx, now_us: int) -> int:
    """Delete those nobody opened in time; gives how many."""
    return int(tx.execute(sa.delete(links).where(records.mine(tx, links), links.c.expires_at_us < now_us)).rowcount)


def _digest(tx: Tx, token: str) -> str:
    return hashlib.sha256(f"{tx.neighbourhood}\nlink\n{token}".encode()).hexdigest()
