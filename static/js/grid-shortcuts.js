/* Keyboard shortcuts of a grid of pictures, and the dialog that lists all shortcuts. */

import { connectElements } from "./elements.js";
import { isFree, isTyping, keyOf } from "./keyboard.js";
import { linkInNextRow, linkOfTile, tileLinks } from "./tiles.js";

const findSearchBox = () => document.querySelector("#search-box");
const shortcutsDialog = document.querySelector("[data-shortcuts]");

const neighbour = (step) => (link) => tileLinks()[tileLinks().indexOf(link) + step];
const MOVES = {
  arrowleft: neighbour(-1),
  arrowright: neighbour(1),
  arrowup: (link) => linkInNextRow(link, -1),
  arrowdown: (link) => linkInNextRow(link, 1),
  home: () => tileLinks()[0],
  end: () => tileLinks().at(-1),
};

/** Toggle a tile's checkbox by a click, so that shift selects all tiles since the last one. */
function toggleSelected(link, event) {
  const box = link.closest(".tile").querySelector('.tile-select input[type="checkbox"]');
  box?.dispatchEvent(new MouseEvent("click", { bubbles: true, cancelable: true, shiftKey: event.shiftKey }));
  return box;
}

/** Handle a key in a tile; return something truthy if it did anything. */
function handleTileKey(link, event) {
  const key = keyOf(event);
  const isOnLink = event.target === link;
  if (key === "x" || (key === " " && isOnLink)) return toggleSelected(link, event);
  const destination = MOVES[key]?.(link);
  destination?.focus();
  const action = link.closest(".tile").querySelector(`[data-tile-key="${CSS.escape(key)}"]`);
  action?.click();
  return destination ?? action;
}

/** Handle a key that works on the whole page; return something truthy if it did anything. */
function handlePageKey(event) {
  const searchBox = findSearchBox();
  if (event.key === "/" && searchBox) {
    searchBox.focus();
    searchBox.select();
    return searchBox;
  }
  if (event.key === "?" && shortcutsDialog) shortcutsDialog.showModal();
  return event.key === "?" && shortcutsDialog;
}

/** Return whether the key goes from the search box to the pictures; suggestions below the box keep it. */
function isLeavingSearchBox(event) {
  const isOpen = event.defaultPrevented || event.target.ariaExpanded === "true";
  return event.target === findSearchBox() && event.key === "ArrowDown" && !isOpen && tileLinks().length > 0;
}

document.addEventListener("keydown", (event) => {
  const leavesSearchBox = isLeavingSearchBox(event);
  if (leavesSearchBox) tileLinks()[0].focus();
  const link = linkOfTile(event.target);
  const isHandled =
    leavesSearchBox || (isFree(event) && ((link && handleTileKey(link, event)) || handlePageKey(event)));
  if (isHandled) event.preventDefault();
});

document.querySelector("[data-view]")?.addEventListener("keydown", (event) => {
  if (event.key === "?" && !isTyping(event)) shortcutsDialog?.showModal();
});

connectElements("[data-shortcuts-open]", (button) => {
  button.hidden = false;
  button.addEventListener("click", () => shortcutsDialog.showModal());
});
