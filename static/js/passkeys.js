/* Says why a passkey did not work. allauth's own scripts do the rest. */

import { say } from "./words.js";

const place = document.querySelector("[data-passkey-failure]");

document.addEventListener("allauth.error", (event) => {
  const reason = window.PublicKeyCredential ? event.detail.exception.name : "SecurityError";
  place.textContent = say(`passkey-${reason.toLowerCase()}`, {}, "passkey");
  place.hidden = false;
});

document.addEventListener("click", (event) => {
  if (event.target.closest("button")) place.hidden = true;
});
