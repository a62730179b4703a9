/* The tiles of a page in the order of reading, those that came later, too: their links, neighbours, and more of them. */

const LINK = ".tile a[data-large]";

export const links = () => [...document.querySelectorAll(LINK)];
export const linkAt = (element) => element.closest?.(".tile")?.querySelector("a[data-large]") ?? null;

/** Return the link of the nearest tile in the row below (1) or above (-1). */
export function beyond(link, direction) {
  const from = link.getBoundingClientRect();
  const tiles = links().map((each) => ({ each, at: each.getBoundingClientRect() }));
  const others = tiles.filter(({ at }) => direction * (at.top - from.top) > 2);
  const nearest = Math.min(...others.map(({ at }) => Math.abs(at.top - from.top)));
  const row = others.filter(({ at }) => Math.abs(at.top - from.top) < nearest + 2);
  const middle = ({ left, width }) => left + width / 2;
  const offset = ({ at }) => Math.abs(middle(at) - middle(from));
  return row.sort((a, b) => offset(a) - offset(b))[0]?.each;
}

const offerOfMore = () => document.querySelector("[data-load-more]");

/** Return how many pictures there are, as people are told: what has not been loaded yet is a plus. */
export const countOfTiles = () => `${links().length}${offerOfMore() ? "+" : ""}`;

/** Ask for more tiles, where the page offers some: the promise comes true with them, and false where none come. */
export function loadMore() {
  const offer = offerOfMore();
  if (!offer) return Promise.resolve(false);
  const before = links().length;
  const waited = new AbortController();
  return new Promise((resolve) => {
    const listen = (name, answer) => document.body.addEventListener(name, answer, { signal: waited.signal });
    listen("htmx:afterSettle", () => links().length > before && resolve(true));
    listen("htmx:responseError", () => resolve(false));
    listen("htmx:sendError", () => resolve(false));
    window.htmx.trigger(offer, offer.getAttribute("hx-trigger")?.match(/\w+/)?.[0] ?? "click");
  }).finally(() => waited.abort());
}
