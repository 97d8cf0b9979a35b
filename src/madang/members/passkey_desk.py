"""Coming in by a passkey: joining, coming back, proving it once more, another key."""

from __future__ import annotations

import secrets
from uuid import UUID

from madang.db import Tx
from madang.kernel import Actor, MadangError
from madang.members import facts, lockouts, passkeys, sessions
from madang.members import service as people
from madang.members.front_desk import NICKNAME, Desk, Joining, Visit, need_agreement


class PasskeyDesk(Desk):
    """The part of the desk that asks browsers for passkeys."""

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
