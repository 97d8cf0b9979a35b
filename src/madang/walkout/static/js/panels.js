// Totals, the four books, the sensors, the clock.
import { state } from "./state.js";
import { h, $, icon } from "./dom.js";
import { t, won, percent, sure, clock, lang } from "./text.js";
import { stale } from "./follow.js";

function put(key, big, sub = "") {
  const node = $("totals").querySelector(`[data-total=${key}]`);
  node.querySelector(".big").textContent = big;
  node.querySelector(".sub").textContent = sub;
}

export function drawTotals() {
  const all = state.totals;
  if (!all) return;
  put("inside", t("totals.inside_unit", { n: all.inside }));
  put("receipts", t("totals.receipts_unit", { n: all.receipts }), t("totals.items", { n: all.items }));
  put("sales", won(all.sales_krw), all.receipts ? t("totals.mean", { n: Math.round(all.sales_krw / all.receipts) }) : "");
  put("reviewed", all.receipts ? percent(all.reviewed / all.receipts) : "–", t("totals.reviewed_unit", { n: all.reviewed }));
  const exact = all.exact !== null && all.receipts ? t("totals.exact", { p: all.exact / all.receipts }) : t("totals.promise_note");
  put("promise", all.promise === null ? "–" : sure(all.promise), exact);
}

export function drawBooks() {
  if (!state.books) return;
  for (const [key, book] of Object.entries(state.books)) {
    const node = $("books").querySelector(`[data-book=${key}]`);
    if (!node) continue;
    node.dataset.ok = String(book.ok);
    node.querySelector("use").setAttribute("href", book.ok ? "#i-check" : "#i-alert");
    node.querySelector(".book-state").textContent = t(book.ok ? "books.ok" : "books.bad");
    node.querySelector(".book-total").textContent = t(`books.${book.unit}`, { n: book.total });
    node.querySelector(".book-detail").textContent = book[`detail_${lang}`];
  }
}

const COUNTS = ["batches", "late", "duplicate", "out_of_order", "missing", "malformed"];
export function drawHealth() {
  if (!state.health) return;
  const devices = state.health.devices, bad = devices.filter((one) => !one.ok).length;
  $("lag").textContent = t("health.lag", { n: Math.round(state.health.engine_lag_ms) });
  drawSensors(state.health.sensors || []);
  if (!devices.length) return;
  $("health-say").textContent = bad ? t("health.some_ill", { n: devices.length, bad }) : t("health.all_well", { n: devices.length });
  $("health-say").dataset.ok = String(!bad);
  const head = h("tr", {}, h("th", { scope: "col", text: t("health.device") }), h("th", { scope: "col", text: t("health.clock") }), ...COUNTS.map((key) => h("th", { scope: "col", text: t(`health.${key}`) })));
  const rows = devices.map((one) => h("tr", { class: one.ok ? "" : "ill" },
    h("th", { scope: "row" }, h("span", { class: "dev" }, icon(one.ok ? "check" : "alert", "ic"), h("span", { class: "hidden", text: t(one.ok ? "health.ok" : "health.bad") }), h("span", { text: one.id })),
      ...one.alarms.map((alarm) => h("span", { class: "alarm", text: t(`health.alarm_${alarm}`) }))),
    h("td", { class: one.alarms.includes("clock") ? "some" : "", title: clockSays(one), text: one.clock_ms === null ? "–" : signed(one.clock_ms) }),
    ...COUNTS.map((key) => h("td", { class: one[key] && key !== "batches" ? "some" : "", text: short(one[key]) }))));
  $("health").replaceChildren(h("table", {}, h("caption", { class: "hidden", text: t("health.table") }), h("thead", {}, head), h("tbody", {}, ...rows)));
}

export function drawUplink() {
  const link = state.uplink;
  $("uplink").hidden = !link;
  if (!link) return;
  const said = { n: link.receipts, amount: link.total_krw, at: clock(link.since_us), risk: link.uncovered_krw };
  $("uplink-say").dataset.ok = String(link.up);
  $("uplink-say").textContent = link.up ? t(link.receipts ? "uplink.sending" : "uplink.up", said) : t("uplink.down", said);
  $("uplink-risk").hidden = !link.uncovered_krw;
  $("uplink-risk").textContent = t("uplink.risk", said);
}

const STATES = ["silent", "dead", "stuck", "noisy"], NAMED = 4;
function drawSensors(sensors) {
  const parts = STATES.map((key) => [key, sensors.filter((one) => one.state === key).map((one) => one.id)]).filter(([, ids]) => ids.length);
  const names = (ids) => ids.slice(0, NAMED).join(", ") + (ids.length > NAMED ? " …" : "");
  $("sensors-say").hidden = !parts.length;
  $("sensors-say").textContent = parts.map(([key, ids]) => t(`health.plates_${key}`, { n: ids.length, names: names(ids) })).join(" · ");
}
const signed = (ms) => (Math.abs(ms) >= 10000 ? `${ms < 0 ? "−" : "+"}${Math.round(Math.abs(ms) / 1000)} s` : `${ms < 0 ? "−" : "+"}${Math.round(Math.abs(ms))}`);
const clockSays = (one) => (one.clock_ms === null ? "" : t("health.clock_says", { ms: Math.round(one.clock_ms), pm: Math.round(one.clock_pm_ms), corrected: Math.round(one.corrected_ms) }));
const short = (n) => (n >= 100000 ? `${Math.floor(n / 1000)}k` : String(n));

const small = (p) => `${Number((p * 100).toPrecision(2))}%`; // shares of wrong receipts: small ones must not read 0
export function drawPromise() {
  const one = state.promise, node = $("promise");
  if (!one) return;
  node.dataset.state = one.state;
  const say = (part, text) => { const at = node.querySelector(`.p-${part}`); at.textContent = text; at.hidden = !text; };
  say("state", t(`promise.${one.state}`));
  if (one.state === "none") {
    say("says", t("promise.none_says"));
    ["needed", "achieved", "rule", "review"].forEach((part) => say(part, ""));
    return;
  }
  say("says", t("promise.says", { n: Math.round(1 / one.wrong_max) }));
  const needed = { n: one.needed, at: sure(one.needed_at), m: one.needed_receipts ?? 0 };
  say("needed", one.needed ? t(one.needed_receipts === null ? "promise.no_lot" : "promise.needed", needed) : t("promise.doubt", { p: small(one.doubt) }));
  const seen = { n: one.audited, k: one.audited_wrong, low: small(one.achieved_low), high: small(one.achieved_high) };
  say("achieved", one.audited ? t("promise.achieved", seen) : t("promise.not_seen"));
  say("rule", one.threshold === null ? t("promise.ask_all") : t("promise.rule", { p: sure(one.threshold) }));
  say("review", one.receipts ? t("promise.review", { p: one.asked / one.receipts, n: one.drawn }) : "");
}

let shownClock = "";
export function drawClock(now) {
  if (!state.clock) return;
  const { t_us, speed } = state.clock;
  const passed = stale() ? 0 : Math.min(now - state.clockAt, 1500) * speed; // a lost shop's clock stands
  const text = clock(t_us + passed * 1000);
  if (text === shownClock) return;
  shownClock = text;
  $("clock").textContent = text;
  $("speed").hidden = speed === 1;
  $("speed").textContent = t("link.speed", { n: speed >= 10 ? Math.round(speed) : Number(speed.toFixed(1)) });
}
