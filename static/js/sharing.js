/* The share dialog, buttons that copy a link, and the collection in the search box. */

/** Show the buttons that need a script. */
function showCopyButtons(root) {
  for (const button of root.querySelectorAll("[data-copy][hidden]")) button.hidden = false;
}

async function copy(button) {
  const field = document.getElementById(button.dataset.copy);
  try {
    await navigator.clipboard.writeText(field.value);
  } catch { // not allowed, or no secure connection
    field.select();
    document.execCommand("copy");
  }
  button.setAttribute("aria-live", "polite");
  button.textContent = button.dataset.copied;
}

/** Search everywhere instead of in one collection. */
function removeSearchScope(event, chip) {
  event.preventDefault();
  const form = chip.closest("form");
  form.elements.collection.remove();
  chip.remove();
  form.elements.q.focus();
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-copy]");
  if (button) copy(button);
  const scope = event.target.closest("[data-search-scope]");
  if (scope) removeSearchScope(event, scope);
  if (event.target.matches("dialog[data-dialog]")) event.target.close(); // outside of its content
});

document.addEventListener("htmx:afterSwap", (event) => {
  const dialog = event.detail.target.closest("dialog[data-dialog]");
  if (dialog && !dialog.open && event.detail.requestConfig.elt.matches("[data-opens-dialog]")) dialog.showModal();
});

for (const failure of ["htmx:responseError", "htmx:sendError"]) {
  document.addEventListener(failure, (event) => {
    const opener = event.detail.requestConfig?.elt.closest("[data-opens-dialog]");
    if (opener) location.assign(opener.href);
  });
}

document.addEventListener("htmx:load", (event) => showCopyButtons(event.detail.elt));
showCopyButtons(document);
