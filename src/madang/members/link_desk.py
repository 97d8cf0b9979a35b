"""Coming in by a one-time link: by mail, or handed over as an invitation."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from madang.db import Tx
from madang.guard import Limit
from madang.kernel import Actor, NotSignedIn, Role, Unavailable
from madang.kernel.clock import HOUR_US, SECOND_US
from madang.members import addresses, invites, links, lockouts, mail
from madang.members import service as people
from madang.members.front_desk import Desk, Joining, Visit, need_agreement

MAILS = Limit(burst=5, per_s=5 / (HOUR_US / SECOND_US))
ASKED = Limit(burst=20, per_s=20 / (HOUR_US / SECOND_US))


@dataclass(frozen=True, slots=True)
class Opened:
    """What a one-time link leads to: ``joins`` somebody new, ``adds`` the address to an account, or signs in."""

    token: str
    joins: bool
    adds: bool


class LinkDesk(Desk):
    """The part of the desk that makes and takes links."""

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

    def _add_address(self, tx: Tx, person: UUID, digest: str, address: str, by: Actor | None, at_us: int) -> str:
        if by is None or by.key != str(person):
            raise _other_account()
        people.set_fields(tx, by, person, {"email": address}, at_us=at_us)
        addresses.confirm(tx, by, person, digest, at_us)
        return ""


def _other_account() -> NotSignedIn:
    return NotSignedIn(
        "members.other_account",
        ko="이 링크는 다른 계정에서 요청한 것입니다.",
        en="Another account asked for this link.",
        next_ko="그 계정으로 로그인한 브라우저에서 여세요.",
        next_en="Open it in the browser where that account is signed in.",
    )
