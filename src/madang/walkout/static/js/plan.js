// The floor plan: shelf units unfolded towards the aisle (lowest shelf in front), people on the floor.
import { state, level } from "./state.js";
import { h, $, hue, calm } from "./dom.js";
import { t, who } from "./text.js";

const CM = 100;
const cells = new Map(); // facing id -> { node, x, y } in drawing units
const dots = new Map(); // person id -> { node, from, to, at, x, y, trail }
let layers = null, units = new Map(), view = null, gapMs = 220, lastFrame = 0;

const X = (x) => (x - view[0]) * CM;
const Y = (y) => (view[3] - y) * CM; // north is up
const points = (ring) => ring.map(([x, y]) => `${X(x)},${Y(y)}`).join(" ");

export function drawPlan() {
  const plan = state.plan;
  view = plan.view;
  cells.clear(); dots.clear(); units.clear();
  const width = (view[2] - view[0]) * CM, height = (view[3] - view[1]) * CM;
  const svg = h("svg", { viewBox: `0 0 ${width} ${height}`, class: "plan-svg", role: "group", "aria-label": t("floor.plan") });
  layers = { floor: h("g"), units: h("g"), names: h("g"), people: h("g", { "aria-hidden": "true" }), flights: h("g", { "aria-hidden": "true" }) };
  if (plan.area.length) layers.floor.append(h("polygon", { points: points(plan.area), class: "area" }));
  if (plan.gate.length) layers.floor.append(h("polygon", { points: points(plan.gate), class: "gate" }));
  for (const [line, cls] of [[plan.entry, "entry"], [plan.exit, "exit"]])
    if (line.length === 2) layers.floor.append(h("line", { x1: X(line[0][0]), y1: Y(line[0][1]), x2: X(line[1][0]), y2: Y(line[1][1]), class: `door ${cls}` }));
  plan.gondolas.forEach(drawUnit);
  svg.append(...Object.values(layers));
  $("plan").replaceChildren(svg);
  nameGate(plan);
  fit(svg, width, height);
  new ResizeObserver(() => fit(svg, width, height)).observe(svg);
}

// Text keeps its size on screen whatever the shop's size; what would not fit is left out, not squeezed.
function fit(svg, width, height) {
  if (!svg.clientWidth || !svg.clientHeight) return;
  const unit = Math.max(width / svg.clientWidth, height / svg.clientHeight);
  svg.style.setProperty("--unit", unit);
  for (const name of layers.names.children) name.toggleAttribute("hidden", Number(name.dataset.room) < Number(name.dataset.want) * unit);
}

function nameGate(plan) {
  const ring = plan.gate.length ? plan.gate : plan.entry;
  if (!ring.length) return;
  const xs = ring.map((p) => X(p[0])), ys = ring.map((p) => Y(p[1]));
  const room = Math.max(...xs) - Math.min(...xs), text = t("floor.gate");
  const low = plan.gate.length ? (Math.min(...ys) + Math.max(...ys)) / 2 : Math.max(...ys);
  layers.names.append(h("text", { x: (Math.min(...xs) + Math.max(...xs)) / 2, y: low, class: "name gate-name", "data-room": room, "data-want": text.length * 12, text }));
}

function drawUnit(unit) {
  const [x0, y0, x1, y1] = unit.rect, tall = unit.faces === "n" || unit.faces === "s";
  const box = { x: X(x0), y: Y(y1), width: (x1 - x0) * CM, height: (y1 - y0) * CM };
  const choose = () => { state.gondola = unit.id; document.dispatchEvent(new Event("chosen")); };
  const press = (e) => { if (e.key === "Enter" || e.key === " ") { e.preventDefault(); choose(); } };
  const node = h("g", { class: "unit", role: "button", tabindex: "0", onclick: choose, onkeydown: press });
  node.append(h("title", { text: t("floor.gondola", { n: unit.id }) }), h("rect", { ...box, rx: 5, class: "unit-box" }));
  const shelves = unit.shelves.map((s) => s[0]), depth = tall ? box.height : box.width, rows = shelves.length || 1;
  const each = (depth - 4) / rows;
  for (const facing of unit.facings) {
    const row = Math.max(shelves.indexOf(facing.shelf), 0), [u, v] = [2 + row * each, 2 + (row + 1) * each];
    const place = cellOf(unit.faces, box, facing, u, v);
    const cell = h("rect", { ...inset(place), rx: 1.6, class: "cell unknown" });
    cells.set(facing.id, { node: cell, x: place.x + place.width / 2, y: place.y + place.height / 2 });
    node.append(cell);
  }
  units.set(unit.id, { node, unit });
  layers.units.append(node);
}

// u and v: how far behind the aisle edge the shelf's row begins and ends
function cellOf(faces, box, facing, u, v) {
  const right = box.x + box.width, low = box.y + box.height, w = box.width, d = box.height;
  if (faces === "s") return { x: box.x + facing.a * w, y: low - v, width: (facing.b - facing.a) * w, height: v - u };
  if (faces === "n") return { x: right - facing.b * w, y: box.y + u, width: (facing.b - facing.a) * w, height: v - u };
  if (faces === "e") return { x: right - v, y: low - facing.b * d, width: v - u, height: (facing.b - facing.a) * d };
  return { x: box.x + u, y: box.y + facing.a * d, width: v - u, height: (facing.b - facing.a) * d };
}
const inset = (r) => ({ x: r.x + 0.7, y: r.y + 0.7, width: Math.max(r.width - 1.4, 0.6), height: Math.max(r.height - 1.4, 0.6) });

export function drawStock() {
  if (!layers) return;
  for (const { node, unit } of units.values()) {
    const counted = { low: 0, empty: 0 };
    for (const facing of unit.facings) {
      const { name } = level(facing);
      if (name in counted) counted[name] += 1;
      cells.get(facing.id).node.setAttribute("class", `cell ${name}`);
    }
    node.setAttribute("aria-label", t("floor.gondola_label", { n: unit.id, facings: unit.facings.length, ...counted }));
    node.setAttribute("aria-pressed", String(unit.id === state.gondola));
  }
}

export const cellAt = (facing) => cells.get(facing);
export const flights = () => layers?.flights;
export function pulse(facing) {
  const node = cells.get(facing)?.node;
  if (node && !calm.matches) node.animate([{ opacity: 1 }, { opacity: 0.25 }, { opacity: 1 }], { duration: 500 });
}

// The dot of a track, else of anybody of the visit: where an item flies to.
export function dotOf(track, visit) {
  return dots.get(track) ?? [...dots.values()].find((dot) => visit && dot.visit === visit);
}

export function peopleCame(whole) {
  if (!layers) return;
  const now = performance.now();
  if (lastFrame) gapMs += (Math.min(Math.max(now - lastFrame, 60), 900) - gapMs) * 0.25;
  lastFrame = now;
  const seen = new Set();
  for (const person of state.people) {
    seen.add(person.id);
    const to = { x: X(person.x), y: Y(person.y) };
    const dot = dots.get(person.id) ?? newDot(person, to);
    const jumped = whole || calm.matches || Math.hypot(to.x - dot.x, to.y - dot.y) > 180;
    Object.assign(dot, { from: jumped ? to : { x: dot.x, y: dot.y }, to, at: now });
    if (dot.key !== `${person.visit}/${person.role}/${person.n}`) dress(dot, person);
  }
  for (const [id, dot] of dots) if (!seen.has(id)) { dot.node.remove(); dot.trail.remove(); dots.delete(id); }
}

function newDot(person, at) {
  const dot = { node: h("g", { class: "dot" }), trail: h("polyline", { class: "trail" }), past: [], x: at.x, y: at.y, key: null };
  layers.people.prepend(dot.trail);
  layers.people.append(dot.node);
  dots.set(person.id, dot);
  return dot;
}

function dress(dot, person) {
  const staff = person.role === "staff", colour = staff ? "hs" : `h${hue(person.n)}`;
  Object.assign(dot, { key: `${person.visit}/${person.role}/${person.n}`, visit: person.visit });
  dot.node.setAttribute("class", `dot ${colour}`);
  dot.node.setAttribute("data-visit", person.visit);
  dot.trail.setAttribute("class", `trail ${colour}`);
  const shape = staff ? h("rect", { x: -1, y: -1, width: 2, height: 2, rx: 0.55, class: "body" }) : h("circle", { r: 1, class: "body" });
  const label = staff ? t("floor.staff").slice(0, 1) : person.n ?? "?";
  dot.node.replaceChildren(h("title", { text: who(person) }), h("circle", { r: 1.55, class: "halo" }), shape, h("text", { class: "dot-n", text: label }));
}

export function movePeople(now) {
  for (const dot of dots.values()) {
    const share = calm.matches ? 1 : Math.min((now - dot.at) / gapMs, 1);
    dot.x = dot.from.x + (dot.to.x - dot.from.x) * share;
    dot.y = dot.from.y + (dot.to.y - dot.from.y) * share;
    const place = `translate(${dot.x.toFixed(1)}px, ${dot.y.toFixed(1)}px) scale(var(--dot))`;
    if (place !== dot.place) dot.node.style.transform = dot.place = place;
    dot.node.classList.toggle("chosen", Boolean(state.chosen) && dot.visit === state.chosen);
    if (!calm.matches) leaveTrail(dot, now);
  }
}

function leaveTrail(dot, now) {
  const last = dot.past.at(-1);
  if (!last || Math.hypot(last.x - dot.x, last.y - dot.y) > 5) dot.past.push({ x: dot.x, y: dot.y, at: now });
  while (dot.past.length && (dot.past.length > 40 || now - dot.past[0].at > 1300)) dot.past.shift();
  const way = dot.past.map((p) => `${p.x.toFixed(0)},${p.y.toFixed(0)}`).join(" ");
  if (way !== dot.way) dot.trail.setAttribute("points", dot.way = way);
}
