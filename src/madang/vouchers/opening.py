"""Opening a programme of an issuer without code, and closing it."""

from __future__ import annotations

import re

from madang.db import Tx
from madang.kernel import Actor
from madang.vouchers import errors, facts, issuing, records
from madang.vouchers.model import Issuer, Programme, Rule

ID = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")


def open_programme(tx: Tx, by: Actor, issuer: Issuer, programme: Programme, rule: Rule, *, at_us: int) -> Programme:
    """Register an issuer where it is new, open its programme and set the first rule: by an officer or the operator.

    The same again is one. Raises ``Invalid`` ``vouchers.bad_rule`` for a code or name that will not do, ``Conflict``
    ``vouchers.id_taken``.
    """
    if not (ID.fullmatch(issuer.id) and ID.fullmatch(programme.id)):
        raise errors.bad_rule("코드는 영문 소문자, 숫자, '-'로 40자까지입니다.", "a code has a-z, 0-9 and '-'.")
    if not (issuer.name_ko.strip() and programme.name_ko.strip()):
        raise errors.bad_rule("이름이 있어야 합니다.", "a name is needed.")
    if records.issuer(tx, issuer.id) is None:
        issuing.add_issuer(tx, by, issuer)
    there = records.programme(tx, programme.id) is not None
    made = issuing.add_programme(tx, by, programme)
    issuing.set_rule(tx, by, rule, at_us=at_us)
    if not there:
        body = facts.ProgrammeOpened(
            programme=made.id, issuer=made.issuer, programme_kind=made.kind.value, from_us=made.from_us
        )
        facts.tell(tx, by, body, about=f"programme:{made.id}", at_us=at_us)
    return made


def close_programme(tx: Tx, by: Actor, programme: str, *, to_us: int, at_us: int) -> Programme:
    """Sell no more of it from an instant on; what was bought is spent, cancelled and paid back as before.

    Closing again sets another instant as long as the first has not come. Raises ``Conflict`` ``vouchers.not_now``
    for one that is closed, ``Invalid`` ``vouchers.bad_rule`` for an instant that is past.
    """
    issuing.issuer_of(tx, by, programme)
    found = records.programme(tx, programme)
    assert found is not None
    if found.to_us is not None and found.to_us <= at_us:
        raise errors.not_now("이미 닫은 상품권입니다.", "it has been closed.")
    if to_us < at_us:
        raise errors.bad_rule("과거에 닫을 수 없습니다.", "it cannot be closed in the past.")
    records.change(tx, records.programmes, records.programmes.c.id == programme, to_us=to_us)
    body = facts.ProgrammeClosed(programme=programme, to_us=to_us)
    facts.tell(tx, by, body, about=f"programme:{programme}", at_us=at_us)
    after = records.programme(tx, programme)
    assert after is not None
    return after
