// Carts per group: what the engine believes each holds, and how sure it is.
import { state } from "./state.js";
import { h, $, icon, goods, hue, patch } from "./dom.js";
import { t, won, name, sure, who } from "./text.js";

const SHOWN = 6;
const GONE_MS = 6000;
const cards = new Map(); // visit -> { node, data }

export function drawCarts() {
  const shown = (cart) => !cart.closed || !cart.goneAt || performance.now() - cart.goneAt < GONE_MS;
  const open = [...state.carts.values()].filter((cart) => shown(cart) && (cart.role !== "staff" || cart.lines.length));
  for (const cart of open) if (cart.closed && !cart.goneAt) leave(cart);
  open.sort((a, b) => (b.n ?? 0) - (a.n ?? 0));
  for (const visit of [...cards.keys()]) if (!open.some((cart) => cart.visit === visit)) cards.delete(visit);
  const nodes = open.map((cart) => {
    const held = cards.get(cart.visit);
    if (held?.data === cart) { mark(held.node, cart); return held.node; }
    const node = card(cart);
    cards.set(cart.visit, { node, data: cart });
    return node;
  });
  const list = $("carts"), focused = document.activeElement?.closest?.(".cart")?.dataset.visit;
  if (!nodes.length) nodes.push(h("p", { class: "nothing", text: t("cart.none") }));
  patch(list, nodes);
  if (focused && document.activeElement?.dataset?.visit !== focused) cards.get(focused)?.node.querySelector("button").focus({ preventScroll: true });
  const inside = open.filter((cart) => !cart.closed).length;
  $("carts-n").textContent = inside ? t("cart.count", { n: inside }) : "";
}

function leave(cart) {
  cart.goneAt = performance.now();
  setTimeout(() => {
    if (state.carts.get(cart.visit) === cart) state.carts.delete(cart.visit); // else they have come back
    document.dispatchEvent(new Event("chosen"));
  }, GONE_MS);
}

function card(cart) {
  const known = new Map((cards.get(cart.visit)?.data.lines ?? []).map((line) => [line.product, line.qty]));
  const choose = () => { state.chosen = state.chosen === cart.visit ? null : cart.visit; document.dispatchEvent(new Event("chosen")); };
  const facts = [cart.people > 1 ? t("cart.group", { n: cart.people }) : null, cart.closed ? t("cart.closed") : null, cart.label || null].filter(Boolean).join(" · ");
  const head = h("button", { class: "cart-head", type: "button", onclick: choose, "data-visit": cart.visit },
    h("span", { class: `badge ${cart.role === "staff" ? "hs" : `h${hue(cart.n)}`}`, "aria-hidden": "true", text: cart.n ?? "?" }),
    h("span", { class: "cart-who", text: who(cart) }, facts ? h("small", { text: ` ${facts}` }) : null),
    !cart.lines.length ? null : h("span", { class: `cart-sure${cart.confidence < 0.9 ? " doubt" : ""}`, text: t("cart.sure", { p: cart.confidence }) }));
  const node = h("article", { class: `cart${cart.closed ? " closed" : ""}`, "data-visit": cart.visit }, head);
  if (!cart.lines.length) node.append(h("p", { class: "cart-empty", text: t("cart.empty") }));
  else node.append(h("ul", { class: "cart-lines" }, ...cart.lines.slice(0, SHOWN).map((line) => row(line, known))));
  if (cart.lines.length > SHOWN) node.append(h("p", { class: "cart-more", text: t("cart.more", { n: cart.lines.length - SHOWN }) }));
  if (cart.lines.length) node.append(h("p", { class: "cart-total" }, h("span", { text: t("cart.total") }), h("strong", { text: won(cart.total_krw) })));
  mark(node, cart);
  return node;
}

function row(line, known) {
  const fresh = known.size && known.get(line.product) !== line.qty;
  const amount = line.grams && state.items[line.product]?.by_weight ? `${line.grams} g` : t("cart.qty", { n: line.qty });
  return h("li", { class: fresh ? "fresh" : "", "data-product": line.product },
    icon(goods(state.items[line.product]), "ic good"),
    h("span", { class: "line-name", text: name(line) }),
    h("span", { class: "line-qty", text: amount }),
    line.probability < 0.99 ? h("span", { class: `line-sure${line.probability < 0.7 ? " doubt" : ""}`, title: t("cart.line_sure", { p: line.probability }), text: sure(line.probability) }) : null,
    h("span", { class: "line-won", text: won(line.amount_krw) }));
}

function mark(node, cart) {
  const chosen = state.chosen === cart.visit;
  node.classList.toggle("chosen", chosen);
  node.querySelector("button").setAttribute("aria-pressed", String(chosen));
}

// An item has landed: its line in the cart answers.
export function bump(visit, product) {
  const node = cards.get(visit)?.node;
  const line = node && [...node.querySelectorAll("li")].find((li) => li.dataset.product === product);
  line?.animate([{ backgroundColor: "transparent" }, { backgroundColor: "var(--tint)" }, { backgroundColor: "transparent" }], { duration: 900 });
}
