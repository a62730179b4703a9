/* The position of a picture in the list of its page: 12 of 17 likely results, or 4 of 120 pictures of a collection.
 *
 * An element around the tiles has these attributes. `data-total`: the number of pictures; with `data-has-more` there are
 * more. `data-first`: the number of the first tile; a page that begins in the middle of a list does not know it.
 * `data-likely`: the number of likely results, which come first. */

import { canLoadMore, tileLinks } from "./tiles.js";

// The tiles of each list when they were counted last, and the likely results among them.
const counted = new WeakMap();
const likelyTiles = new WeakSet();
const tilesOf = (list) => [...list.querySelectorAll(".tile")];
const withPlus = (count, hasMore) => `${count}${hasMore ? "+" : ""}`;

/** Return the message's name, the position and the number of pictures; nothing if the position is unknown. */
export function findPlace(link) {
  const list = link.closest("[data-total]");
  if (!list) return countTiles(link);
  if (!list.dataset.first) return null;
  const tiles = tilesOf(list);
  counted.set(list, tiles);
  const first = Number(list.dataset.first);
  const position = first + tiles.indexOf(link.closest(".tile"));
  const likely = Number(list.dataset.likely ?? 0);
  const total = Math.max(Number(list.dataset.total), first + tiles.length - 1);
  for (const tile of tiles.slice(0, Math.max(0, likely - first + 1))) likelyTiles.add(tile);
  const hasMore = "hasMore" in list.dataset;
  if (!likely) return { name: "position", position, count: withPlus(total, hasMore) };
  if (position > likely) return { name: "possible", position: position - likely, count: withPlus(total - likely, hasMore) };
  return { name: "likely", position, count: withPlus(likely, hasMore && total === likely) };
}

function countTiles(link) {
  const links = tileLinks();
  return { name: "position", position: links.indexOf(link) + 1, count: withPlus(links.length, canLoadMore()) };
}

// Tiles were removed or put back.
document.addEventListener("tiles:changed", () => {
  for (const list of document.querySelectorAll("[data-total]")) {
    const [before, now] = [counted.get(list), tilesOf(list)];
    if (!before) continue;
    before.filter((tile) => !now.includes(tile)).forEach((tile) => changeCounts(list, tile, -1));
    now.filter((tile) => !before.includes(tile)).forEach((tile) => changeCounts(list, tile, 1));
    counted.set(list, now);
  }
});

function changeCounts(list, tile, change) {
  list.dataset.total = Number(list.dataset.total) + change;
  if (likelyTiles.has(tile)) list.dataset.likely = Number(list.dataset.likely) + change;
}
