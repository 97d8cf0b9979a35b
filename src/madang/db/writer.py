"""Group commit: use cases from many callers run one after the other in one transaction, each in a frame that can be
taken back alone; what they add is written in sets (``turn``) and made durable together.

Every caller is answered after COMMIT, also the one whose use case failed: its error may rest on what an earlier use
case of the same batch wrote.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from queue import Empty, SimpleQueue
from typing import Any

from madang.db.errors import closed
from madang.db.link import Link
from madang.db.queued import Job, Lane
from madang.db.tx import Tx
from madang.db.worker import Worker


class Writer:
    """Worker threads that run lanes; up to ``workers`` of them, started as lanes need them.

    ``afresh`` connects past whatever lies in a pool: after a connection was lost.
    """

    def __init__(
        self,
        connect: Callable[[], Link],
        *,
        workers: int,
        lane_of: Callable[[str], str],
        afresh: Callable[[], Link],
    ) -> None:
        self._connect, self._lane_of, self._workers_max, self._afresh = connect, lane_of, workers, afresh
        self._lanes: dict[str, Lane] = {}
        self._ready: SimpleQueue[Lane | None] = SimpleQueue()
        self._idle = threading.Semaphore(0)
        self._lock = threading.Lock()
        self._closed = False
        self._threads: list[threading.Thread] = []

    def submit(self, fn: Callable[[Tx], Any], neighbourhood: str) -> Future[Any]:
        if threading.current_thread() in self._threads:
            raise RuntimeError("a use case may not queue another one: it would wait for itself")
        job = Job(fn, neighbourhood, Future())
        with self._lock:
            if self._closed:
                raise closed()
            lane = self._lanes.setdefault(self._lane_of(neighbourhood), Lane())
            lane.jobs.append(job)
            if not lane.busy:
                lane.busy = True
                self._ready.put(lane)
                self._wake()
        return job.future

    def _wake(self) -> None:
        """See that a worker takes the lane: an idle one, else a new one, else the first that gets free."""
        if self._idle.acquire(blocking=False) or len(self._threads) >= self._workers_max:
            return
        thread = threading.Thread(target=self._serve, name=f"madang-writer-{len(self._threads)}", daemon=True)
        self._threads.append(thread)
        thread.start()

    def close(self) -> None:
        """Run what is queued, then stop."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
        for _ in self._threads:
            self._ready.put(None)
        for thread in self._threads:
            thread.join()

    def _serve(self) -> None:
        worker = Worker(self._connect, self._afresh, threading.current_thread().name)
        while (lane := self._next()) is not None:
            worker.run_lane(lane, self._others)
            self._settle(lane)
        while lanes := self._left():
            for lane in lanes:
                worker.run_lane(lane, self._others)
                with self._lock:
                    lane.busy = False
        worker.close()

    def _others(self) -> bool:
        """Whether other lanes wait for a worker, or the end does."""
        return not self._ready.empty()

    def _next(self) -> Lane | None:
        try:
            return self._ready.get_nowait()
        except Empty:
            self._idle.release()
            return self._ready.get()

    def _settle(self, lane: Lane) -> bool:
        """Queue the lane again when it has more to do (closing, ``_left`` finds it); True when it was.

        Under the lock, so that it never comes behind the marks with which ``close`` stops the workers.
        """
        with self._lock:
            lane.busy = bool(lane.jobs) and not self._closed
            if lane.busy:
                self._ready.put(lane)
            return lane.busy

    def _left(self) -> list[Lane]:
        """Lanes with work left at closing time, taken by this worker."""
        with self._lock:
            lanes = [lane for lane in self._lanes.values() if lane.jobs and not lane.busy]
            for lane in lanes:
                lane.busy = True
            return lanes
