"""Running a recording through an engine, message by message in the order they reached the hub."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from madang.walkout.engine import Engine, Gate, Moved, Receipt, Settings, Store, Update, Vision
from madang.walkout.recordings.collecting import lasting
from madang.walkout.recordings.model import BATCH, MISSING, Prediction, Recording

STEP_S = 5.0  # how often a replay asks the engine what it knows, in shop time

_PLATES, _FRAME, _GATE, _VISION = range(4)


class Listener(Protocol):
    """Told every update as it comes."""

    def __call__(self, update: Update) -> None: ...


def replay(recording: Recording, settings: Settings | None = None, listener: Listener | None = None) -> Prediction:
    """Feed every message at its time of arrival, ask the engine every `STEP_S`, and collect what it finally says."""
    with lasting():
        return _replayed(recording, settings, listener)


def _replayed(recording: Recording, settings: Settings | None, listener: Listener | None) -> Prediction:
    store = Store.from_json(recording.store)
    engine = Engine(store, settings)
    said = _Said(listener)
    batches = _Batches(recording, store)
    ask_at = -np.inf
    for now, kind, index in _in_hub_order(recording):
        if kind == _PLATES:
            batches.feed(engine, index)
        elif kind == _FRAME:
            engine.skeletons(*recording.frames[index])
        elif kind == _GATE:
            gate = recording.gates[index]
            engine.gate(Gate(gate.t, gate.event, gate.credential, gate.track, gate.group_size, gate.role))  # type: ignore[arg-type]
        else:
            seen = recording.visions[index]
            engine.vision(Vision(seen.t, seen.track, seen.hand, seen.top5))  # type: ignore[arg-type]
        if now >= ask_at:
            said.all(engine.advance(now))
            ask_at = now + STEP_S
    said.all(engine.finish())
    return said.prediction()


def _in_hub_order(recording: Recording) -> Iterator[tuple[float, int, int]]:
    """(time at the hub, what, index), by time; a batch that never came and a second delivery are left out."""
    arrival = np.where(np.isnan(recording.batch_t), np.nan, recording.arrival).ravel()
    came = np.flatnonzero(~np.isnan(arrival))
    times = [
        arrival[came],
        np.array([t for t, _ in recording.frames]),
        np.array([gate.t for gate in recording.gates]),
        np.array([seen.t for seen in recording.visions]),
    ]
    kinds = np.concatenate([np.full(len(t), kind) for kind, t in enumerate(times)])
    indices = np.concatenate([came, *(np.arange(len(t)) for t in times[1:])])
    all_times = np.concatenate(times)
    order = np.argsort(all_times, kind="stable")
    return zip(all_times[order].tolist(), kinds[order].tolist(), indices[order].tolist(), strict=True)


class _Batches:
    """Cuts a recording's sample table into the batches that travelled, in the column order the engine expects."""

    def __init__(self, recording: Recording, store: Store) -> None:
        column = {plate: i for i, plate in enumerate(recording.plates)}
        self._gondolas = recording.gondolas
        self._t, self._arrival = recording.batch_t.ravel().tolist(), recording.arrival.ravel().tolist()
        self._tables: list[NDArray[np.int32]] = []
        for gondola in recording.gondolas:
            columns = [column.get(store.plates[row], -1) for row in store.plates_of(gondola)]
            self._tables.append(_columns(recording.values, columns))

    def feed(self, engine: Engine, index: int) -> None:
        batch, g = divmod(index, len(self._gondolas))
        values = self._tables[g][batch * BATCH : (batch + 1) * BATCH]
        engine.plates(self._gondolas[g], self._t[index], values, self._arrival[index])


def _columns(values: NDArray[np.int32], columns: list[int]) -> NDArray[np.int32]:
    """These columns of the table, side by side; -1 is one that was not recorded. No copy where they are neighbours."""
    first = columns[0] if columns else 0
    if first >= 0 and columns == list(range(first, first + len(columns))):
        return values[:, first : first + len(columns)]
    table = np.full((len(values), len(columns)), MISSING, np.int32)
    known = [i for i, c in enumerate(columns) if c >= 0]
    table[:, known] = values[:, [columns[i] for i in known]]
    return table


class _Said:
    """What an engine has said last of each receipt and each move."""

    def __init__(self, listener: Listener | None) -> None:
        self._listener = listener
        self._receipts: dict[str, Receipt] = {}
        self._moves: dict[str, Moved] = {}

    def all(self, updates: list[Update]) -> None:
        for update in updates:
            if isinstance(update, Receipt):
                self._receipts[update.credential] = update
            elif isinstance(update, Moved):
                known = self._moves.get(update.id)
                if known is None or update.revision >= known.revision:
                    self._moves[update.id] = update
            if self._listener is not None:
                self._listener(update)

    def prediction(self) -> Prediction:
        out = Prediction(events=[_event(move) for move in self._moves.values() if _counts(move)])
        out.events.sort(key=lambda event: event["t"])
        for credential, receipt in sorted(self._receipts.items()):
            out.receipts[credential] = {line.product: line.qty for line in receipt.lines if line.qty > 0}
            out.confidence[credential] = receipt.confidence
            if receipt.decision == "review":
                out.review.append(credential)
        return out


def _counts(move: Moved) -> bool:
    return not move.retracted and move.kind in ("pick", "put_back") and move.product is not None


def _event(move: Moved) -> dict[str, Any]:
    where = {"facing": move.facing} if move.facing else {"plate": move.plate}
    return {
        "t": move.t,
        "kind": move.kind,
        "product": move.product,
        "qty": move.qty,
        **where,
        "credential": move.credential,
    }
