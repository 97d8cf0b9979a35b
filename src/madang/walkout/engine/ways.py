"""Ways: the explanations of one shift, each with its likelihood and with what it changes in a hypothesis."""

from __future__ import annotations

from collections.abc import Sequence

from madang.walkout.engine.explaining import Scene, Way, Who, partly
from madang.walkout.engine.puts import Puts
from madang.walkout.engine.states import EMPTY, Cart, Held, Lying, State
from madang.walkout.engine.takes import Takes

__all__ = ["Scene", "Way", "Ways", "Who", "partly"]


class Ways(Takes, Puts):
    """Explains one shift."""

    def applied(self, state: State, way: Way) -> State:
        """The hypothesis after one way of explaining the shift."""
        shift, carts, lies = self.shift, state.carts, state.lying
        if way.used or way.choice.atoms:
            carts = dict(carts)
        for nth, (body, unit) in enumerate(way.used):
            if not self._at_home(unit.product):
                shares = tuple([round(float(d) / self.total, 3) for d in shift.deltas])
                lies = (*lies, Lying(unit.product, unit.grams, unit.sd, shift.plates, shift.id, shares, nth))
            rest = list(carts[body].units)
            rest.remove(unit if unit in rest else _twin(unit, rest))
            carts[body] = Cart(tuple(rest))
            if not rest:
                del carts[body]
        picks = [a for a in way.choice.atoms if a.kind == "pick"]
        units = sum([a.qty for a in picks])
        expected = max(sum([a.grams for a in picks]), 1e-6)
        for a in picks:
            if a.body is not None:
                alone = units == 1 and self.total < 0
                grams = -self.total if alone else a.grams / a.qty
                if self.total < 0 and not alone:
                    grams *= -self.total / expected
                if alone and partly(grams, a.grams) and self._half_blind(a.product):
                    alone, grams = False, a.grams  # the rest is on a plate that does not see
                sd = shift.sd if alone else shift.sd + self.catalogue.spread[a.product]
                held = carts.get(a.body, EMPTY).units
                carts[a.body] = Cart(held + (Held(a.product, grams, sd, shift.id),) * a.qty)
        if way.lying is not None:
            lies = tuple([x for x in lies if x != way.lying])
        return State(state.logw + way.loglik, carts, lies, (*state.story, way.choice))


def _twin(unit: Held, units: Sequence[Held]) -> Held:
    """The unit that stands for this one in another hypothesis: carts of the same content share their ways."""
    return min(units, key=lambda h: (h.product != unit.product, abs(h.grams - unit.grams)))
