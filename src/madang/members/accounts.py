"""The accounts' desk: what the pages of people do, each in its transaction, with what is random made before it."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeVar
from urllib.parse import urlsplit
from uuid import UUID

from madang.db import Database, Tx
from madang.guard import Limit, Limiter
from madang.kernel import Actor, Clock, Ids, Invalid, Kind, MadangError, NotSignedIn, Role, Unavailable, system
from madang.kernel.clock import HOUR_US, SECOND_US
from madang.members import addresses, facts, invites, links, lockouts, mail, mailing, passkeys, sessions
from madang.members import service as people
from madang.members.addresses import Keyring
from madang.members.declared import declare_field
from madang.members.mail import Post
from madang.members.passkeys import Party
from madang.members.proving import FRESH_US, need_step_up
from madang.members.standing import consent, give_role

T = TypeVar("T")
TERMS, NEWS = "terms", "news"
TERMS_VERSION = "2026-11"
NICKNAME = declare_field(
    "nickname", purpose_ko="화면에서 부를 이름", purpose_en="What to call a member", basis="consent", keep_d=0
)
MAILS = Limit(burst=5, per_s=5 / (HOUR_US / SECOND_US))
ASKED = Limit(burst=20, per_s=20 / (HOUR_US / SECOND_US))
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


@dataclass(frozen=True, slots=True)
class Opened:
    """What a one-time link leads to: ``joins`` somebody new, ``adds`` the address to an account, or signs in."""

    token: str
    joins: bool
    adds: bool


class Accounts:
    """``key`` (32 bytes) names and seals addresses; ``post`` sends mail, None: there is no second way; ``public_url``
    is where people reach us, needed beyond this machine; ``claims`` knows the operator's key."""

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

    # --- passkeys -----------------------------------------------------------------------------------------------------
    def party(self, base: str) -> Party | None:
        """Who we are to browsers; ``None`` where they make no keys: under a bare number, or a name we cannot trust."""
        url = self._url or (base if urlsplit(base).hostname == "localhost" else "")
        parts = urlsplit(url)
        return Party(parts.hostname or "", f"{parts.scheme}://{parts.netloc}", self._name) if url else None

    def ask(self, visit: Visit, purpose: str, by: Actor | None, nickname: str = "") -> str:
        """Options for the browser, as JSON: ``sign_in``, ``join``, ``add`` or ``step_up`` (the last two signed in)."""
        party, challenge, now_us = self._party(visit), secrets.token_bytes(32), self.clock.now_us()
        new = self.ids.new() if purpose == "join" else None
        person = UUID(by.key) if by is not None and purpose in ("add", "step_up") else new

        def act(tx: Tx) -> tuple[list[str], str]:
            lockouts.check(tx, lockouts.of_address(visit.address), now_us)
            passkeys.keep_challenge(tx, challenge, purpose, visit.bound, now_us, person)
            if person is None or new is not None or by is None:
                return [], nickname
            if purpose == "add":
                self._need_fresh(tx, by, visit, now_us)
            return passkeys.ids_of(tx, person), people.fields(tx, by, person).get(NICKNAME.name, "")

        there, called = self._write(act)
        if purpose in ("join", "add") and person is not None:
            return passkeys.creation(party, person, called or self._name, challenge, there)
        return passkeys.request(party, challenge, there if purpose == "step_up" else [])

    def join(self, visit: Visit, answer: str, joining: Joining) -> str:
        """Somebody joins with a new passkey; gives their session's token."""
        need_agreement(joining)
        person, made, challenge, now_us = self._made(visit, answer, "join")
        token, id = self._random(), self.ids.new()

        def act(tx: Tx) -> None:
            passkeys.use_challenge(tx, challenge)
            by = self._joined(tx, person, joining, {}, now_us)
            number = passkeys.add_key(tx, by, person, made, visit.device, now_us)
            self._enter(tx, by, visit, id, token, "passkey", now_us, passkey=number)

        self._write(act)
        return token

    def sign_in(self, visit: Visit, answer: str) -> str:
        """Somebody comes back with a passkey; gives their session's token. Failures are counted and put on record."""
        now_us = self.clock.now_us()
        key, challenge, count = self._used(visit, answer, "sign_in")
        token, id = self._random(), self.ids.new()

        def act(tx: Tx) -> None:
            lockouts.check(tx, lockouts.of_person(key.person), now_us)
            passkeys.use_challenge(tx, challenge)
            passkeys.used(tx, key, count, now_us)
            self._enter(tx, self._by(key.person), visit, id, token, "passkey", now_us, passkey=key.number)

        self._write(act)
        return token

    def step_up(self, visit: Visit, by: Actor, answer: str) -> str:
        """Somebody signed in proves once more that it is them; gives the session's new token."""
        now_us = self.clock.now_us()
        key, challenge, count = self._used(visit, answer, "step_up")
        new = self._random()

        def act(tx: Tx) -> None:
            if str(key.person) != by.key or visit.session is None:
                raise passkeys.refused()
            passkeys.use_challenge(tx, challenge)
            passkeys.used(tx, key, count, now_us)
            if not sessions.turn(tx, visit.session, visit.token, new, now_us, proved_at_us=now_us):
                raise passkeys.refused()
            people.tell(tx, by, facts.SteppedUp(passkey=key.number), person=key.person, at_us=now_us)

        self._write(act)
        return new

    def add_key(self, visit: Visit, by: Actor, answer: str, name: str) -> int:
        """Another passkey for somebody signed in."""
        person, made, challenge, now_us = self._made(visit, answer, "add")

        def act(tx: Tx) -> int:
            self._need_fresh(tx, by, visit, now_us)
            passkeys.use_challenge(tx, challenge)
            return passkeys.add_key(tx, by, person, made, name or visit.device, now_us)

        return self._write(act)

    # --- one-time links -----------------------------------------------------------------------------------------------
    def send_link(self, visit: Visit, given: str, language: str, by: Actor | None = None) -> None:
        """Send a link to an address: the same is done, and takes the same time, whoever's it is.

        ``by`` somebody signed in adds the address to their account. Raises ``Invalid`` for what is no address,
        ``TooMany``.
        """
        if not self.sends_mail:
            raise Unavailable(
                "members.no_mail_way",
                ko="이 동네는 이메일 링크를 보내지 않습니다.",
                en="This neighbourhood sends no links by e-mail.",
                next_ko="패스키로 로그인하세요.",
                next_en="Sign in with a passkey.",
            )
        address = addresses.normal(given)
        base, digest, token = self._base(visit), self.keyring.digest(address), self._random()
        sealed, id, now_us = self.keyring.seal(address), self.ids.new(), self.clock.now_us()
        self._limiter.take(self._visitor(visit.address), "members.links", ASKED)
        self._limiter.take(self._visitor(digest), "members.mails", MAILS)
        url = f"{base}/account/link/{token}"

        def act(tx: Tx) -> None:
            person = None
            if by is not None:
                self._need_fresh(tx, by, visit, now_us)
                person = UUID(by.key)
            links.make(tx, token, digest, sealed, now_us, person=person)
            what = "add" if person else "enter"
            mail.send(tx, self.keyring, id=id, what=what, to=address, link=url, language=language, at_us=now_us)

        self._write(act)

    def look_at_link(self, visit: Visit, token: str) -> Opened:
        """What a link leads to; it stays unused. Raises ``NotFound`` ``members.link_over``."""
        now_us = self.clock.now_us()

        def look(tx: Tx) -> Opened:
            lockouts.check(tx, lockouts.of_address(visit.address), now_us)
            link = links.look(tx, token, now_us)
            joins = link.person is None and addresses.person_of(tx, link.address) is None
            return Opened(token, joins, link.person is not None)

        return self._tried(visit, lambda: self._read(look))

    def use_link(self, visit: Visit, token: str, joining: Joining, by: Actor | None) -> str:
        """Somebody comes in by a link: back, or new; gives their session's token ('' where it added an address)."""
        now_us, id, new, session = self.clock.now_us(), self.ids.new(), self.ids.new(), self._random()

        def act(tx: Tx) -> str:
            lockouts.check(tx, lockouts.of_address(visit.address), now_us)
            link = links.use(tx, token, now_us)
            address = self.keyring.unseal(link.sealed)
            if link.person is not None:
                return self._add_address(tx, link.person, link.address, address, by, now_us)
            person = addresses.person_of(tx, link.address)
            if person is None:
                need_agreement(joining)
                actor = self._joined(tx, new, joining, {"email": address}, now_us)
                addresses.confirm(tx, actor, new, link.address, now_us)
            else:
                actor = self._by(person)
            self._enter(tx, actor, visit, id, session, "link", now_us)
            return session

        return self._tried(visit, lambda: self._write(act))

    def invite(self, visit: Visit, by: Actor, role: Role, shop: str | None, given: str, language: str) -> str:
        """Offer a role by a link: mailed to an address, or (none given, or no mail here) to be handed over; gives the
        link where it was not mailed. Raises ``Forbidden``, ``StepUpNeeded``, ``Invalid`` for what is no address."""
        address = addresses.normal(given) if given.strip() and self.sends_mail else ""
        token, id, mail_id, now_us = self._random(), self.ids.new(), self.ids.new(), self.clock.now_us()
        url = f"{self._base(visit)}/account/invite/{token}"

        def act(tx: Tx) -> None:
            invites.make(tx, by, role, shop, id=id, token=token, at_us=now_us)
            if address:
                mail.send(
                    tx, self.keyring, id=mail_id, what="invite", to=address, link=url, language=language, at_us=now_us
                )  # fmt: skip

        self._write(act)
        return "" if address else url

    # --- the operator's key -------------------------------------------------------------------------------------------
    def claim(self, visit: Visit, by: Actor, key: str) -> None:
        """Whoever has the operator's key of the data folder is the neighbourhood's operator from now on."""
        now_us = self.clock.now_us()

        def act(tx: Tx) -> None:
            lockouts.check(tx, lockouts.of_address(visit.address), now_us)
            if not self._claims(key.strip()):
                raise _wrong_key()
            give_role(tx, system(self.neighbourhood, "members/claim"), UUID(by.key), Role.OPERATOR, at_us=now_us)

        self._tried(visit, lambda: self._write(act))

    # --- for the pages ------------------------------------------------------------------------------------------------
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
    def _made(self, visit: Visit, answer: str, purpose: str) -> tuple[UUID, passkeys.Made, bytes, int]:
        party, now_us = self._party(visit), self.clock.now_us()

        def prove() -> tuple[UUID, passkeys.Made, bytes, int]:
            _, challenge = passkeys.challenge_in(answer)
            person = self._read(lambda tx: passkeys.challenged(tx, challenge, purpose, visit.bound, now_us))
            if person is None:
                raise passkeys.refused()
            return person, passkeys.verify_creation(party, answer, challenge), challenge, now_us

        return self._tried(visit, prove)

    def _used(self, visit: Visit, answer: str, purpose: str) -> tuple[passkeys.Known, bytes, int]:
        party, now_us = self._party(visit), self.clock.now_us()

        def look(tx: Tx, id: str, challenge: bytes) -> passkeys.Known:
            lockouts.check(tx, lockouts.of_address(visit.address), now_us)
            key = passkeys.known(tx, id)
            if key is None:
                raise passkeys.refused()
            lockouts.check(tx, lockouts.of_person(key.person), now_us)
            passkeys.challenged(tx, challenge, purpose, visit.bound, now_us)
            return key

        def prove() -> tuple[passkeys.Known, bytes, int]:
            id, challenge = passkeys.challenge_in(answer)
            key = self._read(lambda tx: look(tx, id, challenge))
            try:
                return key, challenge, passkeys.verify_use(party, answer, challenge, key)
            except MadangError:
                self._failed(key.person, "passkey", now_us)
                raise

        return self._tried(visit, prove)

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

    def _add_address(self, tx: Tx, person: UUID, digest: str, address: str, by: Actor | None, at_us: int) -> str:
        if by is None or by.key != str(person):
            raise _other_account()
        people.set_fields(tx, by, person, {"email": address}, at_us=at_us)
        addresses.confirm(tx, by, person, digest, at_us)
        return ""

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


def _wrong_key() -> NotSignedIn:
    return NotSignedIn(
        "members.wrong_operator_key",
        ko="운영자 열쇠가 아닙니다.",
        en="That is not the operator's key.",
        next_ko="데이터 폴더의 operator.key를 확인하세요.",
        next_en="See operator.key in the data folder.",
    )


def _other_account() -> NotSignedIn:
    return NotSignedIn(
        "members.other_account",
        ko="이 링크는 다른 계정에서 요청한 것입니다.",
        en="Another account asked for this link.",
        next_ko="그 계정으로 로그인한 브라우저에서 여세요.",
        next_en="Open it in the browser where that account is signed in.",
    )


def _no_public_url() -> Unavailable:
    return Unavailable(
        "members.no_public_url",
        ko="이 주소에서는 패스키와 이메일 링크를 쓸 수 없습니다.",
        en="Passkeys and e-mail links do not work at this address.",
        next_ko="이 기계에서는 localhost로 여세요. 밖에서 쓰려면 MADANG_PUBLIC_URL에 https 주소를 설정하세요.",
        next_en="On this machine open it as localhost; beyond it set MADANG_PUBLIC_URL to the https address.",
    )
