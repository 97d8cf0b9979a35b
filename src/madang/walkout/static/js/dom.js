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

const KINDS = {
  water: "bottle", water_l: "bottle", tea: "bottle", drink: "bottle", juice: "bottle", beer: "can", soda: "can", sparkling: "can", coffee: "cup",
  yogurt: "cup", milk: "carton", dairy: "carton", chips: "bag", snack: "bag", bar: "bar", chocolate: "bar", gum: "bar", candy: "candy",
  bakery: "bread", bread: "bread", noodle: "bowl", soup: "bowl", kimbap: "rice", rice: "rice", produce: "fruit", fruit: "fruit",
};
export const goods = (item) => KINDS[item?.kind] ?? "box";

// Groups are told apart by number first; colour only helps the eye from the floor to the cart (twelve calm hues).
export const hue = (n) => (n ? (n * 5) % 12 : "x");
export const calm = matchMedia("(prefers-reduced-motion: reduce)");
