/* Connects scripts to the elements of the page, and to those that htmx adds later, also with a new page. */

/** Call `connect` once with each element that matches, now and whenever htmx adds one.
 *
 * Listeners on the document stay when the page is replaced, so they check `element.isConnected`. */
export function connectElements(selector, connect) {
  const connected = new WeakSet();
  const connectWithin = (root) => {
    for (const element of [root, ...root.querySelectorAll(selector)]) {
      if (!element.matches(selector) || connected.has(element)) continue;
      connected.add(element);
      connect(element);
    }
  };
  connectWithin(document.documentElement);
  document.addEventListener("htmx:load", (event) => connectWithin(event.detail.elt));
}
