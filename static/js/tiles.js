/* The tiles of a page in reading order, including those loaded later: their links, neighbours, and how to load more. */

const TILE_LINK = ".tile a[data-large]";

export const tileLinks = () => [...document.querySelectorAll(TILE_LINK)];
export const linkOfTile = (element) => element.closest?.(".tile")?.querySelector("a[data-large]") ?? null;

/** Return the link of the nearest tile in the row below (`direction` 1) or above (-1). */
export function linkInNextRow(link, direction) {
  const from = link.getBoundingClientRect();
  const tiles = tileLinks().map((each) => ({ each, box: each.getBoundingClientRect() }));
  const candidates = tiles.filter(({ box }) => direction * (box.top - from.top) > 2);
  const nearest = Math.min(...candidates.map(({ box }) => Math.abs(box.top - from.top)));
  const row = candidates.filter(({ box }) => Math.abs(box.top - from.top) < nearest + 2);
  const middle = ({ left, width }) => left + width / 2;
  const offset = ({ box }) => Math.abs(middle(box) - middle(from));
  return row.sort((a, b) => offset(a) - offset(b))[0]?.each;
}

const loadMoreElement = () => document.querySelector("[data-load-more]");

export const canLoadMore = () => Boolean(loadMoreElement());

/** Load more tiles if there are any: the promise becomes true when they are there, and false if none are added. */
export function loadMore() {
  const element = loadMoreElement();
  if (!element) return Promise.resolve(false);
  const countBefore = tileLinks().length;
  const listeners = new AbortController();
  return new Promise((resolve) => {
    const listen = (name, listener) => {
      document.body.addEventListener(name, listener, { signal: listeners.signal });
    };
    listen("htmx:afterSettle", () => tileLinks().length > countBefore && resolve(true));
    listen("htmx:afterOnLoad", ({ detail }) => detail.xhr.getResponseHeader("HX-Reswap") === "none" && resolve(false));
    listen("htmx:responseError", () => resolve(false));
    listen("htmx:sendError", () => resolve(false));
    window.htmx.trigger(element, element.getAttribute("hx-trigger")?.match(/\w+/)?.[0] ?? "click");
  }).finally(() => listeners.abort());
}
