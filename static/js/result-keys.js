/* A grid by keyboard alone, and the overlay that tells the keys. */

import { isFree, isTyping, keyOf } from "./keyboard.js";
import { beyond, linkAt, links } from "./tiles.js";

const search = document.querySelector("#search-box");
const help = document.querySelector("[data-keys]");

const sideways = (by) => (link) => links()[links().indexOf(link) + by];
const MOVES = {
  arrowleft: sideways(-1),
  arrowright: sideways(1),
  arrowup: (link) => beyond(link, -1),
  arrowdown: (link) => beyond(link, 1),
  home: () => links()[0],
  end: () => links().at(-1),
};

/** Choose a tile, or leave it; with shift all tiles since the last one, as with a click. */
function choose(link, event) {
  const box = link.closest(".tile").querySelector('.choice input[type="checkbox"]');
  box?.dispatchEvent(new MouseEvent("click", { bubbles: true, cancelable: true, shiftKey: event.shiftKey }));
  return box;
}

/** Return what a key did in a tile, if anything. */
function inTile(link, event) {
  const key = keyOf(event);
  const isOnLink = event.target === link;
  if (key === "x" || (key === " " && isOnLink)) return choose(link, event);
  const neighbour = MOVES[key]?.(link);
  neighbour?.focus();
  const named = link.closest(".tile").querySelector(`[data-tile-key="${CSS.escape(key)}"]`);
  named?.click();
  return neighbour ?? named;
}

function anywhere(event) {
  if (event.key === "/" && search) {
    search.focus();
    search.select();
    return search;
  }
  if (event.key === "?" && help) help.showModal();
  return event.key === "?" && help;
}

document.addEventListener("keydown", (event) => {
  const leavesSearch = event.target === search && event.key === "ArrowDown" && links().length;
  if (leavesSearch) links()[0].focus();
  const link = linkAt(event.target);
  const did = leavesSearch || (isFree(event) && ((link && inTile(link, event)) || anywhere(event)));
  if (did) event.preventDefault();
});

document.querySelector("[data-view]")?.addEventListener("keydown", (event) => {
  if (event.key === "?" && !isTyping(event)) help?.showModal();
});

for (const button of document.querySelectorAll("[data-keys-open]")) {
  button.hidden = false;
  button.addEventListener("click", () => help.showModal());
}
