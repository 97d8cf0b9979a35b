"""Senses: which plates still say something, and which gondolas still send.

A live plate is noisy: its samples are hardly ever all the same for a second, and how often they are is learned from
its own past. One that says nothing new for longer than chance allows is blind: dead when nothing is measured, stuck
when it repeats one value. What is taken there is not seen, and belief has to know since when.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from madang.walkout.engine.settings import Settings
from madang.walkout.engine.store import Floats, Ints, Store

BATCH_S = 0.2


class Senses:
    """Looks once a second. Arrays are in the order of the plates' `columns` [P]; `blind` says who is blind now, `heard`
    when those who are last said something new."""

    def __init__(self, store: Store, columns: Ints, settings: Settings) -> None:
        n = len(columns)
        self.s = settings
        self.gondola = store.plate_gondola[columns]
        self.blind = np.zeros(n, bool)
        self.measured = np.zeros(n, bool)
        self.heard = np.full(n, -np.inf)
        self._said = np.full(n, np.nan)
        self._all, self._none = np.ones(n, bool), np.zeros(n, bool)
        self._mute: list[int] = []  # who was silent at the last look
        self._silence = np.zeros(n)
        self._silent, self._looks = np.zeros(n), np.zeros(n)
        self._patience = np.full(n, _patience(np.array(settings.still_share), settings.still_odds))
        self._before: tuple[Floats, Floats] | None = None  # what the look before saw: medians, and times of the last

    def look(self, medians: Floats, spread: Floats, last: Floats, once: bool) -> None:
        """`medians` [k, P] of the rounds since the look before, in one of which all was measured (`once`) or perhaps
        not, the newest `spread` [P], times [P] of the `last` measured batch; that array is kept."""
        medians = medians.copy()
        if len(medians):
            self.measured = self._all if once else np.logical_or.reduce(medians == medians)
            news = spread > 0.0
            if not once:
                news &= self.measured
            if np.count_nonzero(news) < len(news):
                unsure = (self.measured > news).nonzero()[0]
                words = medians.take(unsure, axis=1)
                other = words != self._said.take(unsure)
                other &= words == words
                news[unsure] = np.logical_or.reduce(other)
            said = medians[-1]
            known = said == said
            self._said = said if np.count_nonzero(known) == len(known) else np.where(known, said, self._said)
        else:
            self.measured = news = np.zeros(len(self.blind), bool)
        self._listen(news)
        self._before = medians, last

    def _listen(self, news: NDArray[np.bool_]) -> None:
        """Who has `news` and who is silent [P]."""
        if not self._mute and np.count_nonzero(news) == len(news):
            self._looks += 1.0
            self.blind = self._none
            return
        quiet = (~news).nonzero()[0]
        if len(quiet):
            self._date([k for k in quiet.tolist() if self._silence.item(k) == 0.0])
        ended = [k for k in self._mute if news[k]]
        if ended:
            self._learn(np.array([k for k in ended if not self.blind[k]], np.int64))
            self._silence[ended] = 0.0
        self._looks += news
        self._mute = quiet.tolist()
        blind = np.zeros(len(news), bool)
        for k in self._mute:
            self._silence[k] = silence = self._silence.item(k) + 1.0
            blind[k] = silence >= (self._patience.item(k) if self.measured[k] else self.s.dead_looks)
        self.blind = blind

    def _date(self, some: list[int]) -> None:
        """These said something new until the look before, and nothing since: until when?"""
        if self._before is None or not len(self._before[0]):
            return
        medians, last = self._before
        for k in some:
            *earlier, word = medians[:, k].tolist()
            tail = int(word == word)
            for m in reversed(earlier if tail else []):
                if m != word:
                    break
                tail += 1
            self.heard[k] = last.item(k) - BATCH_S * (tail if tail > 1 else 0)

    def _learn(self, some: Ints) -> None:
        """These plates said the same for a while and then spoke again: for how long that may go on."""
        s = self.s
        self._silent[some] += self._silence[some]
        share = (s.still_share * s.still_weight + self._silent[some]) / (
            s.still_weight + self._silent[some] + self._looks[some]
        )
        self._patience[some] = _patience(share, s.still_odds)

    def seen(self, column: int) -> float:
        """When a blind column last said something new (epoch s, its gondola's clock; -inf: never); inf: it sees."""
        return self.heard.item(column) if self.blind[column] else math.inf


def _patience(share: Floats, odds: float) -> Floats:
    """Silent looks after which chance is ruled out, for plates that are silent at this share of looks."""
    return np.ceil(math.log(odds) / np.log(share))
