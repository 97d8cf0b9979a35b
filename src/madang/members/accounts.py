"""The accounts' desk: what the pages of people do, by passkey, by link, and by the operator's key."""

from __future__ import annotations

from uuid import UUID

from madang.db import Tx
from madang.kernel import Actor, NotSignedIn, Role, system
from madang.members import lockouts
from madang.members.front_desk import NEWS, NICKNAME, TERMS, TERMS_VERSION, Joining, Visit, need_agreement
from madang.members.link_desk import LinkDesk, Opened
from madang.members.passkey_desk import PasskeyDesk
from madang.members.standing import give_role

__all__ = [
    "NEWS",
    "NICKNAME",
    "TERMS",
    "TERMS_VERSION",
    "Accounts",
    "Joining",
    "Opened",
    "Visit",
    "need_agreement",
]


class Accounts(PasskeyDesk, LinkDesk):
    """Every way in."""

    def claim(self, visit: Visit, by: Actor, key: str) -> None:
        """Whoever has the operator's key of the data folder is the neighbourhood's operator from now on."""
        now_us = self.clock.now_us()

        def act(tx: Tx) -> None:
            lockouts.check(tx, lockouts.of_address(visit.address), now_us)
            if not self._claims(key.strip()):
                raise _wrong_key()
            give_role(tx, system(self.neighbourhood, "members/claim"), UUID(by.key), Role.OPERATOR, at_us=now_us)

        self._tried(visit, lambda: self._write(act))


def _wrong_key() -> NotSignedIn:
    return NotSignedIn(
        "members.wrong_operator_key",
        ko="운영자 열쇠가 아닙니다.",
        en="That is not the operator's key.",
        next_ko="데이터 폴더의 operator.key를 확인하세요.",
        next_en="See operator.key in the data folder.",
    )
