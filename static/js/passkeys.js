/* Shows why a passkey failed. allauth's own scripts do the rest. */

import { getMessage } from "./messages.js";

const notice = document.querySelector("[data-passkey-failure]");

document.addEventListener("allauth.error", (event) => {
  const error = window.PublicKeyCredential ? event.detail.exception.name : "SecurityError";
  notice.textContent = getMessage(`passkey-${error.toLowerCase()}`, {}, "passkey");
  notice.hidden = false;
});

document.addEventListener("click", (event) => {
  if (event.target.closest("button")) notice.hidden = true;
});
