/* Keyboard shortcuts of links: a key follows <a data-key="ArrowLeft"> outside of fields, tiles and dialogs. */

import { isFree } from "./keyboard.js";

document.addEventListener("keydown", (event) => {
  if (!isFree(event) || event.shiftKey || event.target.closest(".tile")) return;
  document.querySelector(`a[data-key="${CSS.escape(event.key)}"]`)?.click();
});
