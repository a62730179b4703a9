/* The place of a picture, as its page counts: 12 of 17 likely results, or 4 of 120 pictures of a collection.
 *
 * The page says on an element around the tiles: `data-total`, the number of pictures, with `data-has-more` if there are
 * more; `data-first`, the number of its first tile; `data-likely`, how many results come first as likely ones. A page
 * that begins in the middle of a list cannot know the number of its first tile. */

import { canLoadMore, tileLinks } from "./tiles.js";

const withPlus = (count, hasMore) => `${count}${hasMore ? "+" : ""}`;

/** Return the message's name, the position and the number of pictures; nothing if the position is unknown. */
export function findPlace(link) {
  const list = link.closest("[data-total]");
  if (!list) return countTiles(link);
  if (!list.dataset.first) return null;
  const links = tileLinks().filter((each) => list.contains(each));
  const position = Number(list.dataset.first) + links.indexOf(link);
  const likely = Number(list.dataset.likely ?? 0);
  const total = Math.max(Number(list.dataset.total), Number(list.dataset.first) + links.length - 1);
  const hasMore = "hasMore" in list.dataset;
  if (!likely) return { name: "position", position, count: withPlus(total, hasMore) };
  if (position > likely) return { name: "possible", position: position - likely, count: withPlus(total - likely, hasMore) };
  return { name: "likely", position, count: withPlus(likely, hasMore && total === likely) };
}

function countTiles(link) {
  const links = tileLinks();
  return { name: "position", position: links.indexOf(link) + 1, count: withPlus(links.length, canLoadMore()) };
}
