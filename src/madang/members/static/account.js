/* Passkeys: asks the server what to ask, asks the browser, and sends the answer with the form it stands in. */
const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
const text = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");

function read(options) {
  const keys = (list) => (list || []).map((one) => ({ ...one, id: bytes(one.id) }));
  const made = { ...options, challenge: bytes(options.challenge) };
  if (options.user) made.user = { ...options.user, id: bytes(options.user.id) };
  if (options.excludeCredentials) made.excludeCredentials = keys(options.excludeCredentials);
  if (options.allowCredentials) made.allowCredentials = keys(options.allowCredentials);
  return made;
}

function written(credential) {
  const said = credential.response;
  const response = { clientDataJSON: text(said.clientDataJSON) };
  if (said.attestationObject) {
    response.attestationObject = text(said.attestationObject);
    response.transports = said.getTransports ? said.getTransports() : [];
  } else {
    response.authenticatorData = text(said.authenticatorData);
    response.signature = text(said.signature);
    response.userHandle = said.userHandle ? text(said.userHandle) : null;
  }
  return { id: credential.id, rawId: text(credential.rawId), type: credential.type, response, clientExtensionResults: {} };
}

async function ask(form) {
  const said = new FormData();
  for (const name of ["csrf_token", "nickname"]) if (form.elements[name]) said.set(name, form.elements[name].value);
  said.set("purpose", form.dataset.passkey);
  const answer = await fetch("/account/passkey/options", {
    method: "POST", body: new URLSearchParams(said), headers: { Accept: "application/json" },
  });
  if (!answer.ok) throw await answer.json();
  const publicKey = read(await answer.json());
  const making = form.dataset.passkey === "join" || form.dataset.passkey === "add";
  return making ? navigator.credentials.create({ publicKey }) : navigator.credentials.get({ publicKey });
}

for (const form of document.querySelectorAll("form[data-passkey]")) {
  const button = form.querySelector("button[type=submit]");
  const note = form.querySelector("[data-note]");
  if (!window.PublicKeyCredential) {
    note.textContent = note.dataset.none;
    note.hidden = false;
    continue;
  }
  button.disabled = false;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    button.disabled = true;
    note.hidden = true;
    try {
      form.elements.answer.value = JSON.stringify(written(await ask(form)));
      form.submit();
    } catch (fault) {
      if (fault && fault.code === "members.step_up") {
        location.assign("/account/step-up?next=" + encodeURIComponent(location.pathname));
        return;
      }
      note.textContent = fault && fault.title ? `${fault.title} ${fault.next || ""}` : note.dataset.fault;
      note.hidden = false;
      button.disabled = false;
    }
  });
}

const place = document.querySelector("form[data-place]");
if (place && navigator.geolocation) {
  const button = place.querySelector("[data-locate]");
  const note = place.querySelector("[data-note]");
  button.hidden = false;
  button.addEventListener("click", () => {
    button.disabled = true;
    navigator.geolocation.getCurrentPosition(
      (found) => {
        place.elements.lat.value = found.coords.latitude.toFixed(5);
        place.elements.lon.value = found.coords.longitude.toFixed(5);
        place.elements.accuracy_m.value = Math.ceil(found.coords.accuracy);
        place.submit();
      },
      () => {
        note.hidden = false;
        button.disabled = false;
      },
      { enableHighAccuracy: true, timeout: 20000, maximumAge: 0 },
    );
  });
}
