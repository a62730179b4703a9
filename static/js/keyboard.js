/* Which key was pressed, and whether the page may use it as a shortcut. */

/** Return whether the key goes to a field: text, a date, a list of options. */
export function isTyping(event) {
  return Boolean(event.target.closest('input:not([type="checkbox"]), select, textarea'));
}

/** Return whether the page may use the key: nobody types, no dialog is open, no other script has handled it. */
export function isFree(event) {
  const isTaken = event.defaultPrevented || event.altKey || event.ctrlKey || event.metaKey;
  return !isTaken && !isTyping(event) && !document.querySelector("dialog[open]");
}

/** Return the key in lower case; a letter of another alphabet counts as the Latin letter on the same key. */
export function keyOf(event) {
  const isForeign = event.key.length === 1 && event.key > "~" && event.code.startsWith("Key");
  return (isForeign ? event.code.slice(3) : event.key).toLowerCase();
}
