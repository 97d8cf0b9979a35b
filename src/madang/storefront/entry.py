"""Entry codes: what a shopper's phone shows at the gate. Short-lived, single use, and a fresh one every few seconds.

A code is a credential of the members' room that nobody has written down: only its digest is kept, and it opens a gate
once. ``check`` is asked by the gate (or whoever stands there) before it opens; a code that was used or has run out is
refused, also when two gates ask in the same moment. What the gate then reports is resolved as for any credential.
"""

from __future__ import annotations

import hashlib
from uuid import UUID

import msgspec

from madang import jobs, journal, members
from madang.db import Tx
from madang.kernel import Actor, Role, derived, system
from madang.kernel.clock import DAY_US, HOUR_US, SECOND_US
from madang.members.credentials import digest_of as credential_digest
from madang.storefront import facts, faults, records

GOOD_FOR_US = 60 * SECOND_US
FRESH_EVERY_S = 30
"""The phone asks for a new one this often, so that a photograph of it is soon worth nothing."""
CLOSE_AFTER_US = 4 * HOUR_US
"""A used code stays the visit's credential for longer than any visit lasts (walkout.process), then opens nothing."""
CLOSE = "storefront.close_code"
SIZE = 16  # random bytes


class Used(msgspec.Struct, frozen=True, kw_only=True):
    """When and at which gate a person's latest code was used."""

    at_us: int
    gate: str


def issue(tx: Tx, by: Actor, code: str, *, at_us: int) -> int:
    """Let ``code`` (made by the caller from ``SIZE`` random bytes) open a gate for the caller, once; gives until when.

    Only for somebody who is a member.
    """
    person = UUID(by.key)
    ours = system(tx.neighbourhood, "storefront")
    members.issue_credential(tx, ours, person, code, at_us)
    until_us = at_us + GOOD_FOR_US
    records.add_code(tx, digest_of(tx.neighbourhood, code), person, at_us, until_us)
    records.forget_codes(tx, at_us - DAY_US)
    _close_at(tx, code, until_us)
    return until_us


def whose(tx: Tx, by: Actor, code: str) -> UUID:
    """Whose code this is, without using it up: for somebody of the shop who looks at a phone; a member's number will
    do. Raises ``NotFound``."""
    by.need(Role.OPERATOR, Role.STAFF, Role.MERCHANT)
    found = records.code(tx, digest_of(tx.neighbourhood, code))
    if found is not None:
        return found[0]
    try:
        return UUID(code)
    except ValueError:
        return members.person_of(tx, system(tx.neighbourhood, "storefront"), code)


def check(tx: Tx, by: Actor, code: str, *, gate: str, at_us: int) -> UUID:
    """May this code open ``gate`` now? It may, once: whose it is. Raises ``NotFound``, ``Conflict``
    ``storefront.code_over`` for one that was used or has run out."""
    found = records.code(tx, digest_of(tx.neighbourhood, code))
    if found is None:
        return members.person_of(tx, by, code)  # a lasting credential: a card, or a code the operator gave
    person, _, until_us, used_at_us, _ = found
    if used_at_us is not None or at_us >= until_us:
        raise faults.bad_code()
    records.use_code(tx, digest_of(tx.neighbourhood, code), at_us, gate)
    jobs.cancel_timer(tx, id=_timer(tx, code, until_us), at_us=at_us)
    _close_at(tx, code, at_us + CLOSE_AFTER_US)
    journal.append(
        tx, by, facts.CameIn(gate=gate), id=derived("storefront.came_in", digest_of(tx.neighbourhood, code)),
        at_us=at_us, subject=f"person:{person}",
    )  # fmt: skip
    return person


def last_used(tx: Tx, by: Actor) -> Used | None:
    """The caller's latest entry by code."""
    try:
        found = records.last_used(tx, UUID(by.key))
    except ValueError:
        return None
    return None if found is None else Used(at_us=found[0], gate=found[1])


def digest_of(neighbourhood: str, code: str) -> str:
    """SHA-256, bound to the neighbourhood."""
    return hashlib.sha256(f"entry\n{neighbourhood}\n{code}".encode()).hexdigest()


def _close_at(tx: Tx, code: str, due_us: int) -> None:
    """The timer names the credential's digest only: nobody who reads the table of jobs can walk in."""
    payload = {"credential": credential_digest(tx.neighbourhood, code)}
    jobs.set_timer(tx, id=_timer(tx, code, due_us), due_us=due_us, kind=CLOSE, payload=payload)


def _timer(tx: Tx, code: str, due_us: int) -> UUID:
    return derived(CLOSE, digest_of(tx.neighbourhood, code), due_us)


@jobs.handler(CLOSE)
def close(tx: Tx, job: jobs.Job) -> None:
    """Time is up: the code opens nothing any more."""
    ours = system(tx.neighbourhood, "storefront")
    digest = job.payload["credential"]
    for known, person in members.open_digests(tx, ours).items():
        if known == digest:
            members.close_digests(tx, ours, {digest: person}, job.now_us)
