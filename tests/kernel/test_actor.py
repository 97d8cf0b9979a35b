"""Who may do what, and errors one can act on."""

from __future__ import annotations

import pytest

from madang.kernel import (
    Actor,
    Conflict,
    Forbidden,
    Invalid,
    Kind,
    MadangError,
    Malformed,
    NotFound,
    NotSignedIn,
    Role,
    TooMany,
    Unavailable,
    system,
)
from madang.ui import TEXTS


def staff(*shops: str) -> Actor:
    return Actor(Kind.PERSON, "p1", "n1", frozenset({Role.STAFF}), frozenset(shops))


def test_one_of_several_roles_is_enough() -> None:
    staff().need(Role.OPERATOR, Role.STAFF)
    assert staff().may(Role.STAFF)
    assert not staff().may(Role.OPERATOR)


def test_a_missing_role_is_named() -> None:
    with pytest.raises(Forbidden) as refused:
        staff().need(Role.OPERATOR)
    assert refused.value.code == "actor.role_needed"
    assert refused.value.details == {"roles": ["operator"]}
    assert "운영자" in refused.value.text("ko")


def test_an_actor_without_roles_may_nothing_and_the_system_everything() -> None:
    assert not Actor(Kind.AGENT, "a1", "n1").may(*Role)
    assert not staff().may()
    system("n1").need(Role.OPERATOR)


def test_an_actor_belongs_to_one_neighbourhood() -> None:
    system("n1").need_neighbourhood("n1")
    with pytest.raises(Forbidden, match=r"actor\.other_neighbourhood"):
        system("n1").need_neighbourhood("n2")


def test_shops_limit_an_actor_and_none_means_all() -> None:
    staff().need_shop("s1")
    staff("s1", "s2").need_shop("s2")
    with pytest.raises(Forbidden) as refused:
        staff("s1").need_shop("s2")
    assert refused.value.code == "actor.other_shop"
    assert refused.value.details == {"shop": "s2"}


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (Malformed, 400),
        (NotSignedIn, 401),
        (Forbidden, 403),
        (NotFound, 404),
        (Conflict, 409),
        (Invalid, 422),
        (TooMany, 429),
        (Unavailable, 503),
        (MadangError, 500),
    ],
)
def test_every_error_has_its_http_status(error: type[MadangError], status: int) -> None:
    assert error.status == status
    assert issubclass(error, MadangError)


def test_an_error_says_what_happened_and_what_to_do_in_both_languages() -> None:
    error = Conflict("room.what", ko="안 됩니다.", en="No.", next_ko="다시 하세요.", next_en="Try again.", n=1)
    assert error.text("ko") == "안 됩니다. 다시 하세요."
    assert error.text("en") == "No. Try again."
    assert str(error) == "room.what: No. Try again."
    assert error.details == {"n": 1}


def test_an_error_without_a_next_step_ends_after_what_happened() -> None:
    error = NotFound("room.gone", ko="없습니다.", en="Gone.")
    assert error.text("ko") == "없습니다."
    assert str(error) == "room.gone: Gone."


def test_a_refusal_names_roles_as_people_and_pages_call_them() -> None:
    for language in ("ko", "en"):
        assert {role.value: role.said(language) for role in Role} == TEXTS.part(language, "account.role")
    with pytest.raises(Forbidden) as told:
        Actor(Kind.PERSON, "p", "n1").need(Role.CITY_OFFICER, Role.INTEGRATOR)
    assert told.value.ko == "이 일은 시·구 담당자, 연동 개발자 역할만 할 수 있습니다."
    assert told.value.en == "Only city officer, integrator may do this."
