/* What scripts say to people. The page brings the sentences, in its language, as attributes of <template data-words>. */

/** Return the sentence of that name, its {places} filled in; the one named `otherwise` where the page has none. */
export function say(name, values = {}, otherwise = "") {
  const holder = document.querySelector(`[data-words][data-${name}]`);
  if (!holder) return otherwise ? say(otherwise, values) : "";
  return holder.getAttribute(`data-${name}`).replace(/\{(\w+)\}/g, (_, place) => values[place]);
}
