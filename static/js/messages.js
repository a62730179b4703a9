/* Messages that scripts show. The page holds them, translated, as attributes of <template data-messages>. */

/** Return a message by name with its {placeholders} filled in; without one, the message named `fallback`. */
export function getMessage(name, values = {}, fallback = "") {
  const holder = document.querySelector(`[data-messages][data-${name}]`);
  if (!holder) return fallback ? getMessage(fallback, values) : "";
  return holder.getAttribute(`data-${name}`).replace(/\{(\w+)\}/g, (_, placeholder) => values[placeholder]);
}
