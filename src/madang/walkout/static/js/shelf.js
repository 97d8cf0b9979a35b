// One shelf unit from the front, shelves stacked as they stand, facings as wide as they are.
import { state, level } from "./state.js";
import { h, $, icon, goods } from "./dom.js";
import { t, name } from "./text.js";

let spoken = null;

export function drawTabs() {
  $("tabs").replaceChildren(...state.plan.gondolas.map((unit) =>
    h("button", { type: "button", "data-unit": unit.id, "aria-label": t("floor.gondola", { n: unit.id }), text: unit.id, onclick: () => { state.gondola = unit.id; document.dispatchEvent(new Event("chosen")); } })));
}

export function drawShelf() {
  const unit = state.plan?.gondolas.find((one) => one.id === state.gondola);
  if (!unit) return;
  for (const tab of $("tabs").children) tab.setAttribute("aria-pressed", String(tab.dataset.unit === unit.id));
  const front = $("front");
  if (front.dataset.unit !== unit.id) build(front, unit);
  for (const facing of unit.facings) fill(front.querySelector(`[data-facing="${CSS.escape(facing.id)}"]`), facing);
}

function build(front, unit) {
  front.dataset.unit = unit.id;
  spoken = null;
  $("front-say").textContent = t("shelf.choose");
  const ids = unit.shelves.map((shelf) => shelf[0]).reverse(); // the highest shelf on top
  const rows = ids.map((id) => {
    const cells = unit.facings.filter((facing) => facing.shelf === id).map((facing) => cell(facing, id));
    return h("div", { class: "front-row", role: "group", "aria-label": t("shelf.row", { n: id }) }, h("span", { class: "row-n", "aria-hidden": "true", text: t("shelf.row", { n: id }) }), h("div", { class: "row-cells" }, ...cells));
  });
  const board = h("div", { class: "front-board" }, ...rows);
  const narrow = Math.min(...unit.facings.map((facing) => facing.b - facing.a), 1) || 1;
  board.style.minWidth = `${Math.min(Math.ceil(54 / narrow) + 52, 1400)}px`; // the narrowest facing can still be tapped
  board.addEventListener("keydown", walk);
  front.replaceChildren(board);
  front.querySelector(".facing")?.setAttribute("tabindex", "0");
}

function cell(facing, row) {
  const items = facing.products.map((id) => state.items[id] ?? { name_ko: id, name_en: id });
  const node = h("button", { type: "button", class: "facing", tabindex: "-1", "data-facing": facing.id, onclick: () => say(node, facing, items, row), onfocus: () => say(node, facing, items, row) },
    h("span", { class: "facing-icons" }, ...items.slice(0, 2).map((item) => icon(goods(item)))),
    h("span", { class: "hidden", text: `${t("shelf.row", { n: row })} ` }),
    h("span", { class: "facing-name", text: items.map(name).join(" / ") }),
    h("span", { class: "facing-n", "aria-hidden": "true" }), h("span", { class: "hidden facing-left" }), h("span", { class: "facing-bar" }, h("span")));
  node.style.left = `${facing.a * 100}%`;
  node.style.width = `${(facing.b - facing.a) * 100}%`;
  return node;
}

function fill(node, facing) {
  const { n, full, name: how } = level(facing);
  const left = n === null ? t("shelf.unknown") : full ? t("shelf.of", { n, full }) : t("shelf.left", { n });
  node.className = `facing ${how}`;
  node.querySelector(".facing-left").textContent = ` ${left}`;
  node.querySelector(".facing-n").textContent = n === null ? "–" : t("shelf.n", { n });
  node.querySelector(".facing-bar span").style.width = n === null || !full ? "0" : `${Math.min(n / full, 1) * 100}%`;
  if (spoken?.node === node) tell(left);
}

function say(node, facing, items, row) {
  for (const other of $("front").querySelectorAll(".facing")) other.tabIndex = -1;
  node.tabIndex = 0;
  const prices = items.map((item) => `${name(item)} ${item.price_krw ? t(item.by_weight ? "shelf.weigh" : "shelf.each", { n: item.price_krw }) : ""}`.trim()).join(" / ");
  spoken = { node, head: `${t("shelf.row", { n: row })} · ${prices}` };
  fill(node, facing);
}
function tell(left) {
  const text = `${spoken.head} · ${left}`;
  if ($("front-say").textContent !== text) $("front-say").textContent = text;
}

function walk(event) {
  const node = event.target.closest(".facing");
  if (!node || !event.key.startsWith("Arrow")) return;
  event.preventDefault();
  const row = node.closest(".front-row"), mid = (one) => one.offsetLeft + one.offsetWidth / 2;
  const side = { ArrowLeft: node.previousElementSibling, ArrowRight: node.nextElementSibling }[event.key];
  const other = { ArrowUp: row.previousElementSibling, ArrowDown: row.nextElementSibling }[event.key];
  const above = other && [...other.querySelectorAll(".facing")].sort((a, b) => Math.abs(mid(a) - mid(node)) - Math.abs(mid(b) - mid(node)))[0];
  (side ?? above)?.focus();
}
