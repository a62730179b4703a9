/* Pages of the site, fetched by a script. */

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
