/* Pages of the site that a script fetches, and their elements in the shown page. */

/** Fetch a page; resolve to {address, ok, document}, or to null if the answer is a file. Rejects without a connection.
 *
 * htmx's headers are not sent, so that the server answers with the whole page. */
export async function fetchPage(address, signal) {
  const response = await fetch(address, { headers: { Accept: "text/html" }, signal });
  if (!response.headers.get("Content-Type")?.startsWith("text/html")) {
    response.body?.cancel();
    return null;
  }
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  return { address: response.url, ok: response.ok, document: page };
}

/** Put a fetched element in the place of another, and connect htmx and the scripts to it. */
export function replaceElement(element, fresh) {
  element.replaceWith(fresh);
  window.htmx.process(fresh);
  window.htmx.trigger(fresh, "htmx:load");
}
