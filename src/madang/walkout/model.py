"""The vocabulary of the live shop: what the engine process tells it.

The updates mirror those of ``madang.walkout.engine`` (which knows nothing of processes or databases) as tagged
structs, so that they cross a pipe. ``t`` is in epoch seconds by the shop's clock.
"""

from __future__ import annotations

from typing import Literal

import msgspec


class Line(msgspec.Struct, frozen=True):
    """One line of a cart or receipt; ``probability`` that exactly ``qty`` is right."""

    product: str
    qty: int
    grams: float
    probability: float


class _Update(msgspec.Struct, frozen=True, tag=True):
    t: float


class Entered(_Update, frozen=True):
    """A person came in. One visit may have several of these (a group, a re-entry); no credential: a tailgater."""

    visit: str
    credential: str | None
    role: Literal["customer", "staff"]
    group_size: int | None


class Moved(_Update, frozen=True):
    """An item left a shelf or came back; the same ``id`` with a higher ``revision`` replaces it. A ``touch`` moved
    nothing; an ``unknown`` is a change of ``grams`` (less than 0: it went) that no known goods explain."""

    id: str
    kind: Literal["pick", "put_back", "touch", "unknown"]
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


class Left(_Update, frozen=True):
    """A person of the visit went out."""

    visit: str
    credential: str | None


class Alternative(msgspec.Struct, frozen=True):
    """Another possible receipt."""

    probability: float
    lines: tuple[Line, ...]


class Noted(msgspec.Struct, frozen=True):
    """What speaks against a receipt: a ``kind`` of doubt and the ``nats`` it takes from the confidence. Where it arose
    at a moment: ``t``, at a plate and facing or ``at`` (x, y) on the floor in metres, and whose track it was."""

    kind: str
    nats: float
    t: float | None = None
    facing: str | None = None
    plate: str | None = None
    track: str | None = None
    at: tuple[float, float] | None = None


class Receipt(_Update, frozen=True):
    """The visit is over; a higher ``revision`` (the credential came in again) replaces an earlier one. ``noted``: what
    its doubt comes from, the weightiest first."""

    visit: str
    credential: str | None
    lines: tuple[Line, ...]
    confidence: float
    decision: Literal["charge", "review"]
    alternatives: tuple[Alternative, ...] = ()
    revision: int = 0
    noted: tuple[Noted, ...] = ()


class Person(_Update, frozen=True):
    """Where a tracked person stands, in metres."""

    track: str
    visit: str | None
    x: float
    y: float


class Glimpse(_Update, frozen=True):
    """What somebody seems to have taken, before it has settled; the same ``id`` again corrects it, ``over`` takes it
    back."""

    id: str
    visit: str
    product: str
    facing: str
    over: bool = False


class Cart(_Update, frozen=True):
    """All that is now believed to be carried on a visit."""

    visit: str
    lines: tuple[Line, ...]
    confidence: float


class Health(_Update, frozen=True):
    """A plate or gondola changed state."""

    kind: Literal["gondola", "plate"]
    id: str
    state: Literal["ok", "dead", "stuck", "noisy", "silent"]


class Learned(_Update, frozen=True):
    """A sure pick that does not fit: ``weight``: a unit weighed ``grams``; ``lies``: it lay in ``facing``."""

    kind: Literal["weight", "lies"]
    product: str
    facing: str | None
    grams: float


class Trembled(_Update, frozen=True):
    """How much plates trembled at rest in the hour that ended at ``t``: grams by plate, those that were measured."""

    grams: dict[str, float]


Lasting = Entered | Moved | Left | Receipt | Health | Learned | Trembled
"""Updates with consequences: numbered, applied once each."""
Passing = Person | Glimpse | Cart | Health
"""Updates to be shown; after a restart the newest are said again."""


class Frame(msgspec.Struct, frozen=True, tag=True):
    """What the engine said as of ``t_us``: ``lasting`` are numbered on from ``seq`` (1 is the first of a run), and
    all of it follows from the sensor log up to ``position``."""

    t_us: int
    position: int
    seq: int
    lasting: tuple[Lasting, ...] = ()
    passing: tuple[Passing, ...] = ()


class Done(msgspec.Struct, frozen=True, tag=True):
    """The engine has read the log up to ``position``; ``busy_s`` is the processor time it took since the last."""

    position: int
    busy_s: float


class Trouble(msgspec.Struct, frozen=True, tag=True):
    """The engine failed on the record that ends at ``position``, at ``t_us``, and went on behind it."""

    position: int
    t_us: int
    text: str


class Note(msgspec.Struct, frozen=True, tag=True):
    """Something for the log of the program only."""

    text: str


class Unreadable(msgspec.Struct, frozen=True, tag=True):
    """The log cannot be read on: ``fault`` in ``file``. Nothing more comes from this engine."""

    file: str
    fault: str


FromEngine = Frame | Done | Trouble | Note | Unreadable


class Run(msgspec.Struct, frozen=True):
    """One life of an engine's belief: a store document, the log position it began at, and how far it was applied.

    Replaying the log from ``start`` gives the same updates again; ``seq`` and ``position`` say which are done.
    """

    number: int
    store: bytes
    fingerprint: str
    start: int
    seq: int = 0
    position: int = 0


class Begin(msgspec.Struct, frozen=True, tag=True):
    """First command to an engine process. Without ``passing`` it tells only what lasts (faster)."""

    run: Run
    log: str
    snapshots: str
    end: int
    passing: bool = True
    snapshot_every_s: int = 60


class Go(msgspec.Struct, frozen=True, tag=True):
    """Read on to log position ``upto``; updates up to ``applied`` are safe in the database."""

    upto: int
    applied: int


ToEngine = Begin | Go
