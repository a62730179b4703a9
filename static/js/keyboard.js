/* What every script with keys asks: may this press mean something, and which key is it? */

/** Whether the press belongs to a field that one types into, or chooses from. */
export function isTyping(event) {
  return Boolean(event.target.closest('input:not([type="checkbox"]), select, textarea'));
}

/** Whether the page itself may take the press: nobody types, no dialog is open, nothing else has taken it. */
export function isFree(event) {
  const taken = event.defaultPrevented || event.altKey || event.ctrlKey || event.metaKey;
  return !taken && !isTyping(event) && !document.querySelector("dialog[open]");
}

/** Return the key in small letters; a letter of another alphabet counts as the Latin one on the same key. */
export function keyOf(event) {
  const isForeign = event.key.length === 1 && event.key > "~" && event.code.startsWith("Key");
  return (isForeign ? event.code.slice(3) : event.key).toLowerCase();
}
