// What htmx is not told by attributes. Pages work without script; with it a form's answer takes the place of a part.
const fresh = () => Array.from(crypto.getRandomValues(new Uint8Array(16)), (n) => n.toString(16).padStart(2, "0")).join("");
const parsed = (text) => new DOMParser().parseFromString(text, "text/html");

// A form that says how something is to be (data-new-key) is sent again and again: each time is a request of its own.
document.addEventListener("htmx:config:request", ({ detail: { ctx } }) => {
  if (ctx.request.method !== "GET" && ctx.sourceElement.closest("[data-new-key]"))
    ctx.request.headers["Idempotency-Key"] = fresh();
});

// A list (ui/lists.html) is asked for over and over: the same again is not sent, and each letter typed is no page to go
// back to.
const isList = (ctx) => ctx.select === "#list" && ctx.request.method === "GET";
document.addEventListener("htmx:before:request", (event) => {
  const { ctx } = event.detail;
  if (!isList(ctx) || ctx.sourceElement.tagName !== "FORM" || ctx.sourceEvent?.type === "submit") return;
  if (ctx.request.action === location.pathname + location.search) return void event.preventDefault();
  if (ctx.sourceEvent?.type === "input") Object.assign(ctx, { push: null, replace: "true" });
});

// A screen reader hears what the list shows now; who turned a page stands at its beginning, and who stood in what is gone.
let turns = false;
document.addEventListener("htmx:before:swap", ({ detail: { ctx } }) => {
  turns = Boolean(isList(ctx) && ctx.sourceElement.closest?.("[data-pages]"));
});
document.addEventListener("htmx:after:swap", ({ detail: { ctx } }) => {
  const list = isList(ctx) && document.querySelector("#list");
  if (!list) return;
  const said = document.querySelector("#list-said");
  if (said) said.textContent = list.dataset.says;
  if (turns) list.scrollIntoView({ block: "start" });
  if (turns || document.activeElement === document.body) list.focus({ preventScroll: true });
});

// An answer without the part that was asked for is another page: go there. An error is shown in place of the page.
document.addEventListener("htmx:after:request", (event) => {
  const { ctx } = event.detail;
  const page = ctx.select || ctx.response.status >= 400 ? parsed(ctx.text) : null;
  if (!page) return;
  if (ctx.select && page.querySelector(ctx.select)) return;
  if (ctx.response.status >= 400 && isList(ctx)) return void (event.preventDefault(), location.assign(ctx.request.action));
  if (ctx.response.status >= 400 && ctx.request.method === "GET") return void (ctx.swap = "none");
  if (ctx.response.status >= 400 && page.querySelector("#main")) {
    Object.assign(ctx, { target: document.querySelector("#main"), select: "#main", swap: "outerHTML show:top" });
    ctx.replace = ctx.push = null;
  } else if (ctx.response.status < 400) {
    event.preventDefault();
    location.assign(ctx.response.raw.url);
  }
});

// No network, or too slow: a form is sent as a form.
document.addEventListener("htmx:error", ({ detail: { ctx } }) => {
  if (ctx?.request && !ctx.response && isList(ctx)) return void location.assign(ctx.request.action);
  const form = ctx?.request?.form;
  if (form && !ctx.response && ctx.request.method !== "GET") form.submit();
});
