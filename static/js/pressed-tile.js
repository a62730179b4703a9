/* A long press on a tile shows its links "more like this" and "less like this". A mouse shows them by pointing at it. */

const LONG_PRESS_MS = 450;
const STILL_PX = 10;
let timer = null;
let start = null;

function showActions(tile) {
  document.querySelectorAll(".tile.is-pressed").forEach((each) => each.classList.toggle("is-pressed", each === tile));
  tile?.classList.add("is-pressed");
}

function cancel() {
  clearTimeout(timer);
  timer = null;
}

document.addEventListener("pointerdown", (event) => {
  const tile = event.target.closest?.(".tile");
  if (event.pointerType === "mouse" || event.target.closest?.(".tile-examples")) return;
  cancel();
  if (!tile?.querySelector(".tile-examples")) {
    showActions(null);
    return;
  }
  start = { x: event.clientX, y: event.clientY };
  timer = setTimeout(() => showActions(tile), LONG_PRESS_MS);
});

document.addEventListener("pointermove", (event) => {
  if (timer && Math.hypot(event.clientX - start.x, event.clientY - start.y) > STILL_PX) cancel();
});
document.addEventListener("pointerup", cancel);
document.addEventListener("pointercancel", cancel);

/* The browser's own menu of links and pictures would cover them. */
document.addEventListener("contextmenu", (event) => {
  if (event.target.closest?.(".tile.is-pressed") && event.pointerType === "touch") event.preventDefault();
});
