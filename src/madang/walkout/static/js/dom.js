// Making elements without markup strings: nothing that comes over the wire is ever read as HTML.
const SVG = "http://www.w3.org/2000/svg";
const SVG_TAGS = new Set(["svg", "g", "rect", "circle", "path", "use", "text", "polygon", "line", "polyline", "title"]);

export function h(tag, attributes = {}, ...children) {
  const node = SVG_TAGS.has(tag) ? document.createElementNS(SVG, tag) : document.createElement(tag);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else if (key === "text") node.textContent = value;
    else node.setAttribute(key, value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}
// Makes `list` hold exactly `nodes` in order, touching only what is out of place (a node moved would start its animation anew).
export function patch(list, nodes) {
  const wanted = new Set(nodes);
  for (const child of [...list.children]) if (!wanted.has(child)) child.remove();
  nodes.forEach((node, i) => { if (list.children[i] !== node) list.insertBefore(node, list.children[i] ?? null); });
}
export const $ = (id) => document.getElementById(id);
export const icon = (id, cls = "ic") => h("svg", { class: cls, "aria-hidden": "true" }, h("use", { href: `#i-${id}` }));

const KINDS = Object.fromEntries(Object.entries({
  bottle: "water water_l tea drink juice isotonic soda_l coffee_l wine", can: "soda sparkling beer can", cup: "coffee yogurt", carton: "milk milk_l dairy",
  bag: "chips snack", bar: "bar chocolate gum", candy: "candy", bread: "bakery bread", bowl: "noodle soup", rice: "kimbap", fruit: "produce fruit",
  leaf: "veg", jar: "sauce dry baby", tray: "lunchbox deli tofu", cone: "icecream", egg: "egg", roll: "paper", pump: "household hygiene",
  sandwich: "sandwich", meat: "meat", cheese: "cheese", snow: "frozen", box: "cereal pet",
}).flatMap(([icon, kinds]) => kinds.split(" ").map((kind) => [kind, icon])));
export const goods = (item) => KINDS[item?.kind] ?? (item?.kind?.startsWith("rice") ? "bag" : "box");

// Groups are told apart by number first; colour only helps the eye from the floor to the cart (twelve calm hues).
export const hue = (n) => (n ? (n * 5) % 12 : "x");
export const calm = matchMedia("(prefers-reduced-motion: reduce)");
