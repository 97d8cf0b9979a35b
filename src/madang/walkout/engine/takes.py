"""Takes: what may have been taken in one shift, and by whom."""

from __future__ import annotations

import itertools
import math

from madang.walkout.engine.explaining import Explaining, Scene, Way, Who
from madang.walkout.engine.goods import log_normal
from madang.walkout.engine.hypotheses import Catalogue, Part, Take
from madang.walkout.engine.interactions import Shift
from madang.walkout.engine.settings import Settings
from madang.walkout.engine.states import Atom, Lying, log_add

_Found = tuple[float, Way | None, tuple[Part, ...], int | None]
"""Log likelihood of a way and the way itself, or what was taken and by whom: most are never written down."""


class Takes(Explaining):
    """Explains a shift in which something went."""

    def __init__(self, catalogue: Catalogue, settings: Settings, shift: Shift, scene: Scene) -> None:
        super().__init__(catalogue, settings, shift, scene)
        self._reaching: dict[tuple[int, ...], list[int]] = {}
        self._sizes = [abs(d) for d in shift.deltas.tolist()]
        self._log_idle, self._log_staff = math.log(settings.touch_only), math.log(settings.staff_takes)
        self.explained = -math.inf
        """Log likelihood of what was taken, by all goods that may have been, whosoever did it."""

    def takes(self) -> list[Way]:
        """Something was taken that the shelf holds: the same for every hypothesis."""
        found: list[_Found] = []
        for take in self.catalogue.takes(self.shift):
            found += self._by_whom(take)
            self.explained = log_add(take.loglik, self.explained)
        junk = self.junk()
        found.append((junk.loglik, junk, (), None))
        return [
            Way(ll, self._choice(tuple([self._atom(p, body) for p in parts]))) if way is None else way
            for ll, way, parts, body in self.best(found, self.s.ways)
        ]

    def _by_whom(self, take: Take) -> list[_Found]:
        found: list[_Found] = []
        scene, parts = self.scene, take.parts
        plates = tuple(sorted({q for p in parts for q in p.plates})) or self.shift.plates
        several = sum([p.qty for p in parts]) > 1
        reaching = self._hands(plates) if several else []
        for body, logp in self.who(plates).items():
            ll = take.loglik + logp
            if reaching:
                ll += self._log_idle * sum([b != body for b in reaching])
            if body is not None:
                if body in scene.staff:
                    ll += self._log_staff
                ll += sum([scene.seen(body, p.product) for p in parts])
            found.append((ll, None, parts, body))
        if several and len(scene.bodies) > 1:
            units = [p for part in take.parts for p in [part._replace(qty=1, grams=part.grams / part.qty)] * part.qty]
            if len(units) <= 3:
                found += [(way.loglik, way, (), None) for way in self._split(take, units)]
        return found

    def _hands(self, plates: tuple[int, ...]) -> list[int]:
        """Bodies whose hand was surely at these plates."""
        known = self._reaching.get(plates)
        if known is None:
            known = self._reaching[plates] = [b for b in self.scene.bodies if self.scene.reach(b, plates) > -1.5]
        return known

    def _split(self, take: Take, units: list[Part]) -> list[Way]:
        """Several people took at the same instant."""
        who = [self.who(u.plates or self.shift.plates) for u in units]
        options = [_nearest(w) for w in who]
        ways: dict[tuple[Atom, ...], Way] = {}
        for bodies in itertools.product(*options):
            if len(set(bodies)) < 2:
                continue
            ll = take.loglik + math.log(self.s.together)
            ll += sum([w[b] + math.log(2.0) for w, b in zip(who, bodies, strict=True)])
            ll += math.log(self.s.staff_takes) * len({*bodies} & self.scene.staff)
            ll += sum([self.scene.seen(b, u.product) for b, u in zip(bodies, units, strict=True)])
            merged: dict[tuple[int, str, int], Part] = {}
            for b, u in zip(bodies, units, strict=True):
                k = (b, u.product, u.facing)
                old = merged.get(k)
                merged[k] = u if old is None else old._replace(qty=old.qty + 1, grams=old.grams + u.grams)
            atoms = tuple([self._atom(p, k[0]) for k, p in sorted(merged.items(), key=lambda x: x[0])])
            if atoms not in ways or ways[atoms].loglik < ll:
                ways[atoms] = Way(ll, self._choice(atoms))
        return list(ways.values())

    def _atom(self, p: Part, body: int | None) -> Atom:
        shift = self.shift
        mine = [k for k, q in enumerate(shift.plates) if q in p.plates] or list(range(len(shift.plates)))
        main = max(mine, key=self._sizes.__getitem__)
        return Atom("pick", body, p.product, p.qty, p.facing, shift.plates[main], p.grams)

    def near(self, item: Lying) -> bool:
        """Does a misplaced item lie where the shift is, and weigh as much?"""
        beside = self.catalogue.next_to
        if not any(a == b or a in beside[b] for a in item.plates for b in self.shift.plates):
            return False
        return abs(-self.total - item.grams) <= 6 * math.hypot(self.shift.sd, item.sd)

    def retaken(self, item: Lying) -> list[Way]:
        """Someone takes what lies here by mistake."""
        sd = math.hypot(self.shift.sd, item.sd)
        ll = log_normal(-self.total - item.grams, sd) + math.log(self.s.retake) + _same_spot(item, self.shift, sd)
        self.explained = log_add(ll, self.explained)
        out: list[Way] = []
        for body, logp in self.who(self.shift.plates).items():
            saw = 0.0 if body is None else self.scene.seen(body, item.product)
            facing = self._facing(item.product)
            atom = Atom("pick", body, item.product, 1, facing, self.main, item.grams)
            out.append(Way(ll + logp + saw, self._choice((atom,)), (), item))
        return out


def _nearest(who: Who) -> list[int]:
    """The three bodies whose hand it most likely was."""
    likely = sorted((-x, b) for b, x in who.items() if b is not None and x > -4.0)
    return [b for _, b in likely[:3]]


def _same_spot(item: Lying, shift: Shift, sd: float) -> float:
    """Log odds that the load leaves the plates in the very shares in which the item was put down, against any
    shares."""
    there = dict(zip(item.plates, item.shares, strict=False))
    here = dict(zip(shift.plates, [float(d) / shift.total for d in shift.deltas], strict=True))
    spread = 0.02 + 1.5 * sd / max(abs(shift.total), 1.0)
    off = 0.5 * sum([abs(there.get(q, 0.0) - here.get(q, 0.0)) for q in sorted(there.keys() | here.keys())])
    sharp = 0.5 if len(there) == 1 and len(here) == 1 else 1.5
    return max(sharp - 0.5 * (off / spread) ** 2, -3.0)
