// The live page: follows the shop's events, keeps the state, and draws what has changed once a frame.
import { state, take } from "./state.js";
import { drawPlan, drawStock, movePeople, peopleCame } from "./plan.js";
import { fly, flyAll } from "./flight.js";
import { drawShelf, drawTabs } from "./shelf.js";
import { drawCarts } from "./carts.js";
import { drawFeed, drawReceipts, announce } from "./feed.js";
import { drawBooks, drawHealth, drawUplink, drawTotals, drawClock, drawPromise } from "./panels.js";
import { follow } from "./follow.js";
import { $ } from "./dom.js";

const dirty = new Set();
const draw = {
  plan: () => { drawPlan(); drawTabs(); peopleCame(true); },
  stock: () => { drawStock(); drawShelf(); },
  carts: drawCarts, receipts: drawReceipts, feed: drawFeed, books: drawBooks, health: drawHealth, uplink: drawUplink, totals: drawTotals, promise: drawPromise,
};
const touches = { cart: ["carts"], receipt: ["receipts"], move: ["feed"], gate: ["feed"], stock: ["stock"], books: ["books"], health: ["health"], uplink: ["uplink"], totals: ["totals"], promise: ["promise"] };

function heard(kind, data) {
  if (kind === "snapshot") {
    take.snapshot(data);
    if (!state.plan.gondolas.some((g) => g.id === state.gondola)) state.gondola = state.plan.gondolas[0]?.id ?? null;
    Object.keys(draw).forEach((part) => dirty.add(part));
    return;
  }
  if (!take[kind]) return;
  const fresh = kind === "receipt" && !state.receipts.has(data.id);
  const known = take[kind](data);
  if (kind === "people" && !dirty.has("plan")) peopleCame(false);
  if (kind === "move" && (!known || data.retracted)) fly(data);
  if (fresh) announce(data);
  (touches[kind] ?? []).forEach((part) => dirty.add(part));
}

function frame(now) {
  for (const part of Object.keys(draw)) if (dirty.delete(part)) draw[part]();
  movePeople(now);
  flyAll(now);
  drawClock(now);
  requestAnimationFrame(frame);
}

document.addEventListener("chosen", () => { dirty.add("carts"); dirty.add("stock"); });
follow($("live").dataset.events, [...Object.keys(touches), "snapshot", "clock", "people"], heard);
requestAnimationFrame(frame);
