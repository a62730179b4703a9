/* Shows why a passkey failed. allauth's own scripts do the rest. */

import { getMessage } from "./messages.js";

const findNotice = () => document.querySelector("[data-passkey-failure]");

document.addEventListener("allauth.error", (event) => {
  const error = window.PublicKeyCredential ? event.detail.exception.name : "SecurityError";
  const notice = findNotice();
  notice.textContent = getMessage(`passkey-${error.toLowerCase()}`, {}, "passkey");
  notice.hidden = false;
});

document.addEventListener("click", (event) => {
  const notice = findNotice();
  if (notice && event.target.closest("button")) notice.hidden = true;
});
