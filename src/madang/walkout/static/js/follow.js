// The stream of events. The browser reconnects by itself and says where it was; this says honestly how it stands.
import { $ } from "./dom.js";
import { t } from "./text.js";

const QUIET_S = 12; // the shop says at least "still here" every 5 s
const AGAIN_MS = 3000;

export function follow(address, kinds, heard) {
  let source = null, last = performance.now(), since = null, shown = "", ever = false;

  const alive = () => { last = performance.now(); since = null; ever = true; };
  function open() {
    source = new EventSource(address);
    source.onopen = alive;
    source.addEventListener("beat", alive);
    source.onerror = () => {
      since ??= performance.now();
      // After a refusal the browser gives up for good: then we ask again ourselves.
      if (source.readyState === EventSource.CLOSED) { source.close(); setTimeout(open, AGAIN_MS); }
    };
    for (const kind of kinds) source.addEventListener(kind, (event) => { alive(); heard(kind, JSON.parse(event.data)); });
  }

  function show() {
    const now = performance.now(), silent = Math.floor((now - last) / 1000);
    const name = since !== null && ever ? "lost" : !ever ? "connecting" : silent >= QUIET_S ? "quiet" : "live";
    const seconds = name === "lost" ? Math.floor((now - since) / 1000) : silent;
    const text = t(`link.${name}`, { n: seconds });
    if (text === shown) return;
    shown = text;
    $("link").dataset.state = name;
    $("live").dataset.link = name;
    $("link-text").textContent = text;
  }
  open();
  setInterval(show, 500);
}
export const stale = () => $("live").dataset.link !== "live";
