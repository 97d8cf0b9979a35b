// Suggestions while typing, choices without a new page, and the installed app. All of it works without this file.
const box = document.querySelector("#q");
const list = document.querySelector("#suggestions");

const wait = (ms, act) => {
  let timer;
  return () => {
    clearTimeout(timer);
    timer = setTimeout(act, ms);
  };
};

if (box && list) {
  let asked = 0;
  const look = async () => {
    const mine = ++asked;
    if (!box.value.trim()) return void list.replaceChildren();
    const answer = await fetch(`${box.dataset.suggest}?${new URLSearchParams({ q: box.value })}`);
    if (!answer.ok || mine !== asked) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    list.replaceChildren(...page.body.children);
  };
  box.addEventListener("input", wait(120, () => look().catch(() => {})));
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && list.children.length) {
      list.replaceChildren();
      box.focus();
    }
  });
}

// A choice shows its own price and stock at once: the page of that choice, its parts put in place of ours.
const choose = document.querySelector("#choose");
if (choose) {
  choose.addEventListener("change", async (event) => {
    if (event.target.name !== "sku") return;
    const url = new URL(location.href);
    url.searchParams.set("sku", event.target.value);
    try {
      const answer = await fetch(url);
      if (!answer.ok) return;
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      for (const id of ["price", "left", "why"]) {
        const part = page.getElementById(id);
        if (part) document.getElementById(id)?.replaceWith(part);
      }
      history.replaceState(null, "", url);
    } catch {
      location.assign(url);
    }
  });
}

if ("serviceWorker" in navigator && window.isSecureContext) navigator.serviceWorker.register("/sw.js").catch(() => {});
