"""The accounts' desk, what every way in shares: who asks from where, sessions, what is refused and counted."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeVar
from urllib.parse import urlsplit
from uuid import UUID

from madang.db import Database, Tx
from madang.guard import Limiter
from madang.kernel import Actor, Clock, Ids, Invalid, Kind, MadangError, Role, Unavailable, system
from madang.members import lockouts, mail, mailing, passkeys, sessions
from madang.members import service as people
from madang.members.addresses import Keyring
from madang.members.declared import declare_field
from madang.members.mail import Post
from madang.members.passkeys import Party
from madang.members.proving import FRESH_US, need_step_up
from madang.members.standing import consent

T = TypeVar("T")
TERMS, NEWS = "terms", "news"
TERMS_VERSION = "2026-11"
NICKNAME = declare_field(
    "nickname", purpose_ko="화면에서 부를 이름", purpose_en="What to call a member", basis="consent", keep_d=0
)
LOCAL = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True, slots=True)
class Visit:
    """Where a request comes from: ``bound`` is its form's token, ``address`` a salted hash, ``base`` the scheme and
    host it was sent to; ``session`` the one to be replaced."""

    bound: str
    address: str
    base: str
    device: str
    session: UUID | None = None
    token: str = ""
    language: str = ""


@dataclass(frozen=True, slots=True)
class Joining:
    """What somebody says when they join. ``news``: they want to hear of offers."""

    nickname: str = ""
    agreed: bool = False
    of_age: bool = False
    news: bool = False


class Desk:
    """``key`` (32 bytes) names and seals addresses; ``post`` sends mail, None: there is no second way; ``public_url``
    is where people reach us, needed beyond this machine; ``claims`` knows the operator's key. Each act is a transaction
    of its own, with what is random made before it."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        ids: Ids,
        neighbourhood: str,
        *,
        key: bytes,
        public_url: str = "",
        post: Callable[[Keyring], Post] | None = None,
        claims: Callable[[str], bool] = lambda _key: False,
        name: str = "마당",
        random: Callable[[], str] = lambda: secrets.token_urlsafe(32),
    ) -> None:
        self.db, self.clock, self.ids, self.neighbourhood = db, clock, ids, neighbourhood
        self.keyring = Keyring(key, neighbourhood)
        self.sends_mail = post is not None
        self._url, self._claims, self._name, self._random = public_url.rstrip("/"), claims, name, random
        self._limiter = Limiter(clock)
        if post is not None:
            mail.serve(neighbourhood, post(self.keyring))

    def party(self, base: str) -> Party | None:
        """Who we are to browsers; ``None`` where they make no keys: under a bare number, or a name we cannot trust."""
        url = self._url or (base if urlsplit(base).hostname == "localhost" else "")
        parts = urlsplit(url)
        return Party(parts.hostname or "", f"{parts.scheme}://{parts.netloc}", self._name) if url else None

    def base(self, visit: Visit) -> str:
        """Where links of ours lead. Raises ``Unavailable`` where only the request says so."""
        return self._base(visit)

    def random(self) -> str:
        """256 random bits as text."""
        return self._random()

    def read(self, fn: Callable[[Tx], T]) -> T:
        """A look in one snapshot."""
        return self._read(fn)

    def write(self, fn: Callable[[Tx], T]) -> T:
        """A change in one transaction."""
        return self._write(fn)

    def freshly(self, visit: Visit, by: Actor, fn: Callable[[Tx, int], T]) -> T:
        """A change to ways in: needs a fresh passkey, or, for who has none, a session that has just begun."""
        now_us = self.clock.now_us()

        def act(tx: Tx) -> T:
            self._need_fresh(tx, by, visit, now_us)
            return fn(tx, now_us)

        return self._write(act)

    # --- inside -------------------------------------------------------------------------------------------------------
    def _tried(self, visit: Visit, attempt: Callable[[], T]) -> T:
        """Count what is refused against where it came from."""
        try:
            return attempt()
        except MadangError as refusal:
            if refusal.status in (401, 403, 404):
                now_us = self.clock.now_us()
                self._write(lambda tx: lockouts.failed_from_address(tx, visit.address, now_us))
            raise

    def _failed(self, person: UUID, why: str, at_us: int) -> None:
        by = system(self.neighbourhood, "members/door")
        self._write(lambda tx: lockouts.failed_for_person(tx, by, person, why, at_us))

    def _joined(self, tx: Tx, person: UUID, joining: Joining, fields: dict[str, str], at_us: int) -> Actor:
        named = " ".join(joining.nickname.split())[:40]
        fields = fields | ({NICKNAME.name: named} if named else {})
        by = self._by(person)
        people.add_person(tx, by, key=person, fields=fields, at_us=at_us)
        consent(tx, by, person, TERMS, version=TERMS_VERSION, at_us=at_us)
        if joining.news:
            consent(tx, by, person, NEWS, version=TERMS_VERSION, at_us=at_us)
        return by

    def _enter(
        self, tx: Tx, by: Actor, visit: Visit, id: UUID, token: str, way: str, at_us: int, *, passkey: int | None = None
    ) -> None:
        """A new session in place of whatever the browser had (session fixation: a token never outlives a sign-in)."""
        if visit.session is not None:
            sessions.end(tx, system(self.neighbourhood, "members/door"), visit.session, why="replaced", at_us=at_us)
        proved_at_us = at_us if way == "passkey" else 0
        sessions.begin(
            tx, by, id=id, token=token, way=way, device=visit.device, proved_at_us=proved_at_us, at_us=at_us,
            passkey=passkey,
        )  # fmt: skip
        lockouts.succeeded(tx, UUID(by.key))
        mailing.speaks(tx, UUID(by.key), visit.language, at_us=at_us)

    def _need_fresh(self, tx: Tx, by: Actor, visit: Visit, at_us: int) -> None:
        if passkeys.ids_of(tx, UUID(by.key)):
            need_step_up(by, at_us)
            return
        mine = next((one for one in sessions.open_sessions(tx, by, UUID(by.key)) if one.id == visit.session), None)
        need_step_up(replace(by, proved_us=mine.began_at_us if mine else at_us - FRESH_US - 1), at_us)

    def _party(self, visit: Visit) -> Party:
        party = self.party(visit.base)
        if party is None:
            raise _no_public_url()
        return party

    def _base(self, visit: Visit) -> str:
        """Where links lead: never to a host that only the request names (a poisoned Host header)."""
        if self._url or urlsplit(visit.base).hostname in LOCAL:
            return self._url or visit.base
        raise _no_public_url()

    def _by(self, person: UUID) -> Actor:
        return Actor(Kind.PERSON, str(person), self.neighbourhood, frozenset({Role.SHOPPER}))

    def _visitor(self, key: str) -> Actor:
        return Actor(Kind.PERSON, key, self.neighbourhood)

    def _read(self, fn: Callable[[Tx], T]) -> T:
        return self.db.read(fn, neighbourhood=self.neighbourhood)

    def _write(self, fn: Callable[[Tx], T]) -> T:
        return self.db.write(fn, neighbourhood=self.neighbourhood)


def need_agreement(joining: Joining) -> None:
    """Raise ``Invalid`` unless they agreed to the terms and are 14 or older (개인정보 보호법 §22-2: below that a parent
    must agree, which we cannot ask for)."""
    if not (joining.agreed and joining.of_age):
        raise Invalid(
            "members.agree_first",
            ko="이용 약관과 개인정보 처리에 동의하고 만 14세 이상이어야 가입할 수 있습니다.",
            en="Joining needs your agreement to the terms, and an age of 14 or more.",
            next_ko="두 항목을 확인하고 다시 하세요.",
            next_en="Tick both and try again.",
        )


def _no_public_url() -> Unavailable:
    return Unavailable(
        "members.no_public_url",
        ko="이 주소에서는 패스키와 이메일 링크를 쓸 수 없습니다.",
        en="Passkeys and e-mail links do not work at this address.",
        next_ko="이 기계에서는 localhost로 여세요. 밖에서 쓰려면 MADANG_PUBLIC_URL에 https 주소를 설정하세요.",
        next_en="On this machine open it as localhost; beyond it set MADANG_PUBLIC_URL to the https address.",
    )
