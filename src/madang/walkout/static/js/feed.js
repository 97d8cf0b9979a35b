// What has just happened, and the receipts as they settle.
import { state } from "./state.js";
import { h, $, icon, goods, hue, patch } from "./dom.js";
import { t, won, name, who, clock, sure } from "./text.js";

const FEED = 10, RECEIPTS = 9;
const SIGN = { entered: "in", left: "out", put_back: "back", touch: "hand" };
const DOUBT = new Set(["review", "disputed"]);

export function drawFeed() {
  const both = [...state.gates.values(), ...state.moves.values()].filter((one) => one.kind !== "touch");
  const rows = both.sort((a, b) => b.t_us - a.t_us).slice(0, FEED).map((one) => (one.event ? gate(one) : move(one)));
  if (rows.length) $("feed").replaceChildren(...rows);
}
const time = (us) => h("time", { class: "row-time", text: clock(us) });
const gate = (one) => h("li", { class: `bit ${one.event}` }, time(one.t_us), icon(SIGN[one.event], "ic sign"), h("span", { class: "bit-what", text: t(`feed.${one.event}`, { who: who(one) }) }));
function move(one) {
  const what = h("span", { class: "bit-what" }, h("span", { class: "bit-who", text: t(`feed.${one.role === "staff" ? "staff_" : ""}${one.kind}`, { who: who(one) }) }), " ", h("strong", { text: t("feed.qty", { name: name(one), n: one.qty }) }));
  if (one.retracted) what.append(h("small", { text: ` ${t("feed.retracted")}` }));
  const sign = one.kind === "pick" ? goods(state.items[one.product]) : SIGN[one.kind];
  return h("li", { class: `bit ${one.kind}${one.retracted ? " retracted" : ""}` }, time(one.t_us), icon(sign, "ic sign"), what, h("span", { class: "bit-p", text: sure(one.probability) }));
}

export function drawReceipts() {
  const latest = [...state.receipts.values()].sort((a, b) => b.t_us - a.t_us).slice(0, RECEIPTS);
  if (!latest.length) return;
  const held = new Map([...$("receipts").children].map((li) => [li.dataset.id, li]));
  const rows = latest.map((one) => { const old = held.get(one.id); return old && old.data === one ? old : receipt(one, !old && held.size > 1); });
  patch($("receipts"), rows);
}
function receipt(one, fresh) {
  const body = [
    h("span", { class: `badge small h${hue(one.n)}`, "aria-hidden": "true", text: one.n ?? "?" }),
    h("span", { class: "slip-main" }, h("strong", { text: won(one.total_krw) }), h("small", { text: `${t("receipts.items", { n: one.items })} · ${t("receipts.sure", { p: one.confidence })}` })),
    h("span", { class: "slip-side" }, h("span", { class: `chip ${one.state}` }, t(`receipts.${one.state}`)), time(one.t_us)),
  ];
  const row = one.url ? h("a", { class: "slip-row", href: one.url }, h("span", { class: "hidden", text: t("receipts.open", { who: who(one) }) }), ...body) : h("div", { class: "slip-row" }, ...body);
  const li = h("li", { class: `${fresh ? "fresh" : ""}${DOUBT.has(one.state) ? " doubt" : ""}`, "data-id": one.id }, row);
  li.data = one;
  return li;
}

// A screen reader hears of receipts, not of every move, and of many at once as one number.
let waiting = [], timer = null;
export function announce(one) {
  waiting.push(one);
  timer ??= setTimeout(() => {
    const last = waiting[0], doubt = DOUBT.has(last.state) || last.decision === "review";
    $("said").textContent = waiting.length > 1 ? t("receipts.said_many", { n: waiting.length }) : t(doubt ? "receipts.said_review" : "receipts.said_charged", { who: who(last), amount: last.total_krw });
    waiting = []; timer = null;
  }, 2500);
}
