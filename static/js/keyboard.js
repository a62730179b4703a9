/* Which key was pressed, whether the page may use it as a shortcut, and clicks without other keys. */

/** Return whether the key goes to a field: text, a date, a list of options. */
export function isTyping(event) {
  return Boolean(event.target.closest('input:not([type="checkbox"]), select, textarea'));
}

/** Return whether Alt, Ctrl or Meta is pressed. */
export function hasModifier(event) {
  return event.altKey || event.ctrlKey || event.metaKey;
}

/** Return whether this is a click with the main button that opens nothing in a new tab or window. */
export function isPlainClick(event) {
  return event.button === 0 && !hasModifier(event) && !event.shiftKey;
}

/** Return whether the page may use the key: nobody types, no dialog is open, no other script has handled it. */
export function isFree(event) {
  return !event.defaultPrevented && !hasModifier(event) && !isTyping(event) && !document.querySelector("dialog[open]");
}

/** Return the key in lower case; a letter of another alphabet counts as the Latin letter on the same key. */
export function keyOf(event) {
  const isForeign = event.key.length === 1 && event.key > "~" && event.code.startsWith("Key");
  return (isForeign ? event.code.slice(3) : event.key).toLowerCase();
}
