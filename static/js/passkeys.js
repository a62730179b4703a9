/* Says why a passkey did not work. allauth's own scripts do the rest. */

const SENTENCES = {
  NotAllowedError: "It was cancelled, or it took too long. Try again.",
  InvalidStateError: "This device already has a passkey of your account.",
  SecurityError: "Passkeys do not work at this address. Open the site by its name, over https.",
  NotSupportedError: "This device cannot keep such a passkey. Try another one.",
};

const place = document.querySelector("[data-passkey-failure]");

document.addEventListener("allauth.error", (event) => {
  const known = window.PublicKeyCredential ? SENTENCES[event.detail.exception.name] : SENTENCES.SecurityError;
  place.textContent = known ?? "The passkey could not be used. Try again.";
  place.hidden = false;
});

document.addEventListener("click", (event) => {
  if (event.target.closest("button")) place.hidden = true;
});
