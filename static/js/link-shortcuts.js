/* Keyboard shortcuts of links and buttons: a key clicks what has it as `data-key`, outside of fields, tiles and dialogs. */

import { isFree, keyOf } from "./keyboard.js";

document.addEventListener("keydown", (event) => {
  if (!isFree(event) || event.shiftKey || event.target.closest(".tile")) return;
  document.querySelector(`[data-key="${CSS.escape(keyOf(event))}" i]`)?.click();
});
