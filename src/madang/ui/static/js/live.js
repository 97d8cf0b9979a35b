// What htmx is not told by attributes. Pages work without script; with it a form's answer takes the place of a part.
const fresh = () => Array.from(crypto.getRandomValues(new Uint8Array(16)), (n) => n.toString(16).padStart(2, "0")).join("");
const parsed = (text) => new DOMParser().parseFromString(text, "text/html");

// A form that says how something is to be (data-new-key) is sent again and again: each time is a request of its own.
document.addEventListener("htmx:config:request", ({ detail: { ctx } }) => {
  if (ctx.request.method !== "GET" && ctx.sourceElement.closest("[data-new-key]"))
    ctx.request.headers["Idempotency-Key"] = fresh();
});

// An answer without the part that was asked for is another page: go there. An error is shown in place of the page.
document.addEventListener("htmx:after:request", (event) => {
  const { ctx } = event.detail;
  const page = ctx.select || ctx.response.status >= 400 ? parsed(ctx.text) : null;
  if (!page) return;
  if (ctx.select && page.querySelector(ctx.select)) return;
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
  const form = ctx?.request?.form;
  if (form && !ctx.response && ctx.request.method !== "GET") form.submit();
});
