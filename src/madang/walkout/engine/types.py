"""What goes into the engine and what comes out of it.

Times are epoch seconds, places metres in the store frame, weights grams unless a name says otherwise. `visit` names
one shopping
group on one credential; it is made from the order of entries alone, so a replay gives the same names.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

MISSING = -2147483648
"""A plate sample that was not measured (int32 minimum, the NaN of the recording format)."""

Role = Literal["customer", "staff"]
MoveKind = Literal["pick", "put_back", "touch", "unknown"]
Decision = Literal["charge", "review"]
Trouble = Literal["ok", "dead", "stuck", "noisy", "silent"]


@dataclass(frozen=True, slots=True)
class Gate:
    """One person passes the gate. `credential` None: follower of a group, or a tailgater; `track` None: the gate
    camera bound nobody."""

    t: float
    event: Literal["entered", "left"]
    credential: str | None = None
    track: str | None = None
    group_size: int | None = None
    role: Role = "customer"


@dataclass(frozen=True, slots=True)
class Vision:
    """What an edge classifier saw in a hand at a shelf. `top5`: (product or "empty", probability), best first."""

    t: float
    track: str | None
    hand: Literal["l", "r"]
    top5: tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a cart or receipt. `grams` is what the plates weighed for it, `probability` that exactly `qty` is
    right."""

    product: str
    qty: int
    grams: float
    probability: float


@dataclass(frozen=True, slots=True)
class Entered:
    """A person came in. One visit may have several of these (a group, or a re-entry). `credential` None: a
    tailgater."""

    t: float
    visit: str
    credential: str | None
    role: Role
    group_size: int | None


class Person(NamedTuple):
    """Where a tracked person stands, at most a few times a second. `visit` None: not bound yet."""

    t: float
    track: str
    visit: str | None
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Moved:
    """An item left a shelf or came back. A later Moved of the same `id` and higher `revision` replaces it;
    `retracted` takes it back. A `touch` moved nothing: its `qty` is 0, its product what lies there. An `unknown` is a
    change of `grams` (less than 0: something went) at somebody's hand that no known goods explain: its `qty` is 0."""

    id: str
    t: float
    kind: MoveKind
    product: str | None
    qty: int
    facing: str | None
    plate: str
    visit: str | None
    credential: str | None
    track: str | None
    probability: float
    revision: int = 0
    retracted: bool = False
    grams: float | None = None


class Glimpse(NamedTuple):
    """What a customer of a visit seems to have taken just now, before anything has settled: a guess to open a page by,
    in no cart. The same `id` again corrects it; `over` takes it back (of one that came true a Moved was told before).
    Only said where it is asked for (`Engine.glimpse`)."""

    t: float
    id: str
    visit: str
    product: str
    facing: str
    over: bool = False


@dataclass(frozen=True, slots=True)
class Cart:
    """All that is now believed to be carried on a visit; replaces the earlier Cart of the visit."""

    t: float
    visit: str
    lines: tuple[Line, ...]
    confidence: float


@dataclass(frozen=True, slots=True)
class Left:
    """A person of the visit went out (or was found to be gone, when the gate saw nothing)."""

    t: float
    visit: str
    credential: str | None


@dataclass(frozen=True, slots=True)
class Alternative:
    """Another possible receipt and its probability."""

    probability: float
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Noted:
    """Something that speaks against a receipt: a kind of doubt (`doubt.py`) and the nats it takes from its confidence.
    Where it arose at a moment: `t`, the plate and facing or the place `at` on the floor in metres, and whose track."""

    kind: str
    nats: float
    t: float | None = None
    facing: str | None = None
    plate: str | None = None
    track: str | None = None
    at: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class Receipt:
    """The visit is over. `confidence` is the probability that every line is right and none is missing.

    A credential that comes in again gets a new Receipt of the same `visit`, which replaces the earlier one. `evidence`
    is what the confidence rests on: kinds of doubt and how much was noted of each (`doubt.py`); `noted` are those that
    weigh something, the weightiest first, with the moments to look at.
    """

    t: float
    visit: str
    credential: str
    lines: tuple[Line, ...]
    confidence: float
    decision: Decision
    alternatives: tuple[Alternative, ...] = ()
    revision: int = 0
    evidence: tuple[tuple[str, float], ...] = ()
    noted: tuple[Noted, ...] = ()


@dataclass(frozen=True, slots=True)
class Health:
    """A sensor changed state. A plate is ok, dead (nothing measured), stuck (one value) or noisy (too loud for light
    goods); a gondola is ok or silent (no batch came)."""

    t: float
    kind: Literal["gondola", "plate"]
    id: str
    state: Trouble


@dataclass(frozen=True, slots=True)
class Learned:
    """A pick that nearly all hypotheses agree on does not fit the catalogue. `kind` weight: a unit of the product
    weighed `grams`, clearly another weight than was believed; lies: the product lay in `facing`, where the planogram
    has others. The engine goes on with it; a shop may keep it for the next run, or send somebody to look."""

    t: float
    kind: Literal["weight", "lies"]
    product: str
    facing: str | None
    grams: float


Update = Entered | Person | Moved | Glimpse | Cart | Left | Receipt | Health | Learned
