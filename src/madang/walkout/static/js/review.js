// The review desk's keys, its clock for what an answer takes, and a queue that stays fresh. Every key presses a button
// or link that is there to be seen: without this file the pages do the same.

const IDLE_MS = 10_000; // a longer pause counts as this much: nobody was looking

function typing(target) {
  return target instanceof Element && target.closest("input, select, textarea") !== null;
}

function pressed(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || typing(event.target)) return;
  const key = event.key.toLowerCase();
  const meant = [...document.querySelectorAll("[data-key]")].find((one) => one.dataset.key.split(" ").includes(key));
  if (!meant) return;
  event.preventDefault();
  meant.click();
}

function countTime() {
  const fields = [...document.querySelectorAll("[data-active]")];
  if (!fields.length) return;
  let active = 0;
  let last = performance.now();
  const alive = () => {
    const now = performance.now();
    if (!document.hidden || now - last < IDLE_MS) active += Math.min(now - last, IDLE_MS);
    last = now;
  };
  for (const sign of ["keydown", "pointerdown", "pointermove", "scroll", "visibilitychange"]) {
    document.addEventListener(sign, alive, { passive: true });
  }
  document.addEventListener("submit", () => {
    alive();
    for (const field of fields) {
      field.disabled = false;
      field.value = String(Math.round(active));
    }
  });
}

async function refresh() {
  const queue = document.getElementById("queue");
  if (document.hidden || queue.contains(document.activeElement)) return;
  const answer = await fetch(location.pathname, { headers: { Accept: "text/html" } });
  if (!answer.ok || answer.redirected) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  const said = document.getElementById("waiting-said");
  const before = said.textContent;
  for (const id of ["sums", "queue", "ages"]) {
    const now = fresh.getElementById(id);
    const old = document.getElementById(id);
    if (now && old && !old.querySelector("details[open]") && now.innerHTML !== old.innerHTML) old.replaceChildren(...now.childNodes);
  }
  const after = document.getElementById("waiting-said");
  if (after && after.textContent !== before) {
    const text = after.textContent; // said again, as a reader hears only what changes in a region that stays
    after.textContent = before;
    requestAnimationFrame(() => (after.textContent = text));
  }
}

document.addEventListener("keydown", pressed);
countTime();
const every = Number(document.querySelector("[data-refresh]")?.dataset.refresh ?? 0);
if (every) setInterval(() => refresh().catch(() => undefined), every * 1000);
