// An item's way as it happens: from its facing to whoever took it, and back when it is put back.
import { state } from "./state.js";
import { cellAt, dotOf, flights, pulse } from "./plan.js";
import { h, goods, calm } from "./dom.js";
import { name, t } from "./text.js";
import { bump } from "./carts.js";

const MOST = 14;
const MS = 950;
const air = new Set();

export function fly(move) {
  const cell = cellAt(move.facing), layer = flights();
  if (!cell || !layer) return;
  pulse(move.facing);
  if (move.kind === "touch") return;
  const back = (move.kind === "put_back") !== move.retracted;
  if (calm.matches || document.hidden || air.size >= MOST) { if (!back) bump(move.visit, move.product); return; }
  const alone = air.size === 0, item = state.items[move.product];
  const node = h("g", { class: `chip-fly${back ? " back" : ""}` },
    h("circle", { r: 1.25, class: "chip-disc" }),
    h("use", { href: `#i-${goods(item)}`, x: -0.8, y: -0.8, width: 1.6, height: 1.6 }));
  if (alone && item) node.append(h("text", { class: "chip-name", y: -2, text: t("feed.qty", { name: name(item), n: move.qty }) }));
  layer.append(node);
  const dot = dotOf(move.track, move.visit);
  air.add({ move, node, cell, back, start: performance.now(), end: dot ? { x: dot.x, y: dot.y } : { x: cell.x, y: cell.y + 40 } });
}

const ease = (s) => (s < 0.5 ? 4 * s ** 3 : 1 - (-2 * s + 2) ** 3 / 2);

export function flyAll(now) {
  for (const one of air) {
    const share = Math.min((now - one.start) / MS, 1), dot = dotOf(one.move.track, one.move.visit);
    if (dot) one.end = { x: dot.x, y: dot.y }; // the shopper walks on meanwhile
    const s = ease(one.back ? 1 - share : share), lift = Math.sin(Math.PI * s) * 26;
    const x = one.cell.x + (one.end.x - one.cell.x) * s, y = one.cell.y + (one.end.y - one.cell.y) * s - lift;
    one.node.style.transform = `translate(${x.toFixed(1)}px, ${y.toFixed(1)}px) scale(var(--dot))`;
    one.node.style.opacity = share > 0.85 ? (1 - share) / 0.15 : 1;
    if (share < 1) continue;
    one.node.remove();
    air.delete(one);
    if (!one.back) bump(one.move.visit, one.move.product);
  }
}
