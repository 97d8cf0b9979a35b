// The phone page: a fresh entry code every half minute; inside the shop the live cart, and what was just picked up.
const code = document.querySelector("#code");
const visit = document.querySelector("#visit");

if (code) {
  const renew = async () => {
    if (document.hidden) return;
    const answer = await fetch("/phone/code", { headers: { accept: "text/html" } });
    const on = answer.headers.get("x-madang-go");
    if (on) location.assign(on);
    else if (answer.ok) code.innerHTML = await answer.text();
  };
  setInterval(renew, Number(code.dataset.every) * 1000);
  document.addEventListener("visibilitychange", renew);
}

if (visit) {
  const { shop, lang } = visit.dataset;
  const lines = visit.querySelector("#lines");
  const picked = visit.querySelector("#picked");
  const total = visit.querySelector("#total");
  const plain = (krw) => lines.dataset.won.replace("7,777,777", krw.toLocaleString("en-US"));
  const won = (krw) => (krw < 0 ? `−${plain(-krw)}` : plain(krw));
  const address = (product) => `/phone/${encodeURIComponent(shop)}/products/${encodeURIComponent(product)}`;
  const LATER_US = 1_500_000; // what was picked so long before a guess is not what was guessed
  let shown = "", guess = null; // the guess that opened what is shown, until the shop is sure

  const close = () => {
    shown = "";
    guess = null;
    picked.hidden = true;
    picked.replaceChildren();
  };
  const open = async (product, seems = null) => {
    shown = product;
    guess = seems;
    const answer = await fetch(`${address(product)}?part=true&lang=${lang}${seems ? "&seems=true" : ""}`);
    if (!answer.ok || shown !== product) return;
    picked.innerHTML = await answer.text();
    if (seems && guess !== seems) confirm();
    picked.hidden = false;
  };
  const confirm = () => {
    guess = null;
    const said = picked.querySelector("[data-sure]");
    if (said) said.textContent = said.dataset.sure;
  };
  const why = (steps) => {
    const all = document.createElement("small");
    for (const step of steps) {
      const one = document.createElement("span");
      one.textContent = `${lang === "ko" ? step.ko : step.en} ${won(step.krw)}`;
      all.append(one);
    }
    return all;
  };
  const row = (line) => {
    const item = document.createElement("li"), link = document.createElement("a");
    const qty = document.createElement("span"), amount = document.createElement("span");
    link.href = address(line.product);
    link.textContent = lang === "ko" ? line.name_ko : line.name_en;
    qty.className = "fine";
    qty.textContent = lines.dataset.qty.replace("7777", line.qty);
    amount.className = "row-num";
    amount.textContent = won(line.amount_krw);
    item.append(link, qty, amount);
    if (line.why?.length) item.append(why(line.why));
    return item;
  };

  const events = new EventSource(`/phone/${encodeURIComponent(shop)}/events`);
  events.addEventListener("move", (event) => {
    const move = JSON.parse(event.data);
    if (move.kind === "pick" && !move.retracted) {
      if (guess && move.product === shown) confirm();
      else if (!guess || move.t_us > guess.t_us - LATER_US) open(move.product);
    } else if (move.product === shown) close();
  });
  events.addEventListener("glimpse", (event) => {
    const seen = JSON.parse(event.data);
    if (!seen.over) open(seen.product, seen);
    else if (guess?.id === seen.id) close();
  });
  events.addEventListener("cart", (event) => {
    const cart = JSON.parse(event.data);
    lines.replaceChildren(...cart.lines.map(row));
    total.textContent = won(cart.total_krw);
    visit.querySelector("#nothing").hidden = cart.lines.length > 0;
    if (cart.closed) close();
    visit.querySelector("#left").hidden = !cart.closed;
  });
}
