"""Who came in with whom: groups, others between them, and what is held against a group that nobody can tell apart."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.walkout.engine.plate_shop import T0, Scene, Walker, moves, play, receipts

from madang.walkout.engine import Gate, Left, Receipt
from madang.walkout.engine.doubt import PRICES


def _group(scene: Scene, name: str, leader: Walker, mates: list[Walker], size: int) -> None:
    scene.shopper(name, leader, size=size)
    for mate in mates:
        scene.people.append(mate)
        scene.gates += [
            Gate(T0 + mate.t0 + 0.33, "entered", None, mate.track(mate.t0), None),
            Gate(T0 + mate.t1 - 0.33, "left", None, mate.track(mate.t1), None),
        ]


def _unbound(scene: Scene) -> dict[str, float]:
    said = {u.credential: u for u in play(scene) if isinstance(u, Receipt)}
    return {name: dict(r.evidence).get("unbound", 0.0) for name, r in said.items()}


def _somebody_between(size: int = 2) -> Scene:
    s = Scene()
    _group(s, "a", Walker(1, 20, stand=0.0, reach={8: 0}), [Walker(4, 23, stand=0.9, reach={12: 10})], size)
    s.shopper("b", Walker(2.5, 21.5, stand=0.45, height=1.75, reach={10: 4}))
    s.loads = [(8, 0, -380.0), (12, 10, -250.0), (10, 4, -46.0)]
    return s


def test_a_follower_belongs_to_the_group_that_waits_for_one_whoever_came_in_between() -> None:
    s = _somebody_between()
    assert receipts(play(s)) == {"a": {"cola": 1, "soup": 1}, "b": {"bar": 1}}
    assert _unbound(s) == {"a": 0.0, "b": 0.0}


def test_a_group_of_whom_one_was_never_counted_in_is_doubtful() -> None:
    assert _unbound(_somebody_between(size=3)) == {"a": 1.0, "b": 0.0}
    [spot] = [
        n for u in play(_somebody_between(size=3)) if isinstance(u, Receipt) for n in u.noted if n.kind == "unbound"
    ]
    assert abs(spot.t - (T0 + 4.33)) < 0.1, "a person should look at the last of them coming in"


def test_two_groups_that_both_wait_for_somebody_are_both_doubtful() -> None:
    s = Scene(end=34)
    _group(s, "a", Walker(1, 20, stand=0.0, reach={8: 0}), [Walker(4, 23, stand=0.9)], 2)
    _group(s, "b", Walker(2.5, 21.5, stand=0.45, height=1.75), [Walker(5.5, 24.5, stand=0.7, height=1.5)], 2)
    s.loads = [(8, 0, -380.0)]
    assert min(_unbound(s).values()) >= 1.0


def test_the_gates_word_for_another_is_not_taken_for_who_came_in_without_one() -> None:
    """The cameras' name of who came in first is not known; who comes in a step behind is named."""
    s = Scene()
    s.people += [Walker(1.2, 20, stand=0.9, height=1.75, reach={12: 10}), Walker(1.0, 22, stand=0.0, reach={8: 0})]
    first, second = s.people
    s.gates = [
        Gate(T0 + 1.33, "entered", "a", None, None),
        Gate(T0 + 1.53, "entered", "b", second.track(2), None),
        Gate(T0 + 19.67, "left", None, first.track(19), None),
        Gate(T0 + 21.67, "left", None, second.track(21), None),
    ]
    s.loads = [(8, 0, -380.0), (12, 10, -250.0)]
    assert receipts(play(s)) == {"a": {"soup": 1}, "b": {"cola": 1}}


def _taken_for_a_ghost() -> Scene:
    """The cameras show a ghost inside for a second when `a` comes in, whom the gate calls by no track."""
    s = Scene(end=26)
    s.shopper("a", Walker(1.0, 20, stand=0.0, reach={8: 0}))
    ghost = Walker(1.3, 5, stand=0.6, height=1.5, tracks=[(0, "ghost")], hidden=[(0, 1.45), (2.6, 99)])
    s.people.append(ghost)
    entry, exit = s.gates
    s.gates = [replace(entry, track=None, t=T0 + 1.6), exit]
    s.loads = [(8, 0, -380.0)]
    return s


def test_who_was_taken_for_a_ghost_of_the_cameras_is_found_again() -> None:
    said = play(_taken_for_a_ghost())
    assert receipts(said) == {"a": {"cola": 1}}
    [pick] = moves(said)
    assert pick.credential == "a", "and not only when he leaves"


@pytest.mark.parametrize("later", [0.0, 1.1])
def test_who_comes_in_next_is_not_taken_for_one_whom_the_cameras_lost_a_moment_ago(later: float) -> None:
    """The gate sees `b` so much later than the cameras do."""
    s = Scene(end=30)
    s.shopper("a", Walker(1.0, 22, stand=0.0, reach={9: 0}, hidden=[(3.6, 7.5)]))
    s.shopper("b", Walker(4.0, 25, stand=0.9, height=1.75, reach={12: 10}))
    s.gates[2] = replace(s.gates[2], track=None, t=s.gates[2].t + later)
    s.gates[3] = replace(s.gates[3], track=None)
    s.loads = [(9, 0, -380.0), (12, 10, -250.0)]
    said = play(s)
    assert receipts(said) == {"a": {"cola": 1}, "b": {"soup": 1}}
    assert {m.product: m.credential for m in moves(said)} == {"cola": "a", "soup": "b"}


class _AtTheGate(Walker):
    """Stands still in the gate area as long as the cameras see him."""

    def at(self, t: float) -> tuple[float, float] | None:
        return (-0.9, -2.5) if self.t0 <= t <= self.t1 else None


def test_nobody_is_gone_again_in_the_moment_he_came_in() -> None:
    """The cameras lose `a` right at the gate, and then see him as somebody new."""
    s = Scene(end=26)
    s.shopper("a", Walker(1.0, 20, stand=0.0, reach={8: 0}, tracks=[(0, "t")], hidden=[(1.5, 2.4)]))
    s.people.append(_AtTheGate(0.2, 1.5, tracks=[(0, "t0")]))
    s.gates[0] = replace(s.gates[0], track="t0", t=T0 + 1.4)
    s.loads = [(8, 0, -380.0)]
    said = play(s)
    assert receipts(said) == {"a": {"cola": 1}}
    assert min(u.t for u in said if isinstance(u, Left)) > T0 + 18


def test_who_leaves_on_a_credential_as_somebody_unknown_takes_along_what_he_took() -> None:
    """The gate saw one of two come in and lost him at once; it names the other when he leaves."""
    s = Scene(end=26)
    inside = Walker(1.0, 20, stand=0.0, reach={8: 0})
    s.people = [inside, Walker(1.0, 13, stand=0.9, height=1.75, hidden=[(11, 99)], reach={6: 10})]
    s.gates = [
        Gate(T0 + 1.33, "entered", "a", s.people[1].track(2), None),
        Gate(T0 + 19.67, "left", "a", inside.track(19), None),
    ]
    inside.tracks, s.people[1].tracks = [(0, "in")], [(0, "lost")]
    s.gates = [replace(s.gates[0], track="lost"), replace(s.gates[1], track="in")]
    s.loads = [(8, 0, -380.0), (6, 10, -250.0)]
    assert receipts(play(s))["a"]["cola"] == 1


def test_who_was_replaced_by_another_on_a_credential_may_leave_on_his_own() -> None:
    """The gate took one of two for `a`, and lost sight of `b`; at the exit it names both as they are."""
    s = Scene(end=32)
    s.people = [
        Walker(1.0, 20, stand=0.0, tracks=[(0, "one")], reach={8: 0}),
        Walker(1.0, 25, stand=0.9, height=1.8, tracks=[(0, "two")], hidden=[(18, 20.5)], reach={6: 10}),
    ]
    s.gates = [
        Gate(T0 + 1.33, "entered", "a", "two", None),
        Gate(T0 + 12, "entered", "b", None, None),
        Gate(T0 + 19.67, "left", "a", "one", None),
        Gate(T0 + 24.67, "left", "b", "two", None),
    ]
    s.loads = [(8, 0, -380.0), (6, 10, -250.0)]
    assert receipts(play(s)) == {"a": {"cola": 1}, "b": {"soup": 1}}


def test_what_the_gate_leaves_open_is_asked_about() -> None:
    assert PRICES["unbound"] * 0.69 > 0.11, "one such thing takes a receipt below .9"
