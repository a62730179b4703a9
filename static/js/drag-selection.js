/* Selecting a range of pictures by dragging over them with the mouse, or after a long press on a touch screen. */

import { anchorOf, boxesBetween, boxesOf, boxOf, isSelecting, selectableTile, setAnchor, setChecked, showCount } from "./selection.js";

const LONG_PRESS_MS = 450;
const MOVED_PX = 10;
const EDGE_PX = 90;
const SCROLL_PX = 14;

/** One press of a pointer on a tile. It selects once it is a drag or a long press. */
class Press {
  constructor(event, tile) {
    this.form = tile.closest("[data-selection]");
    this.tile = tile;
    this.pointerId = event.pointerId;
    this.isTouch = event.pointerType === "touch";
    this.start = this.position = { x: event.clientX, y: event.clientY };
    this.isActive = false;
    this.isDrag = false;
    if (this.isTouch) this.timer = setTimeout(() => this.activate(), LONG_PRESS_MS);
  }

  /** A drag with the mouse begins when it leaves the tile. A finger that moves before the long press scrolls. */
  move(event) {
    this.position = { x: event.clientX, y: event.clientY };
    const distance = Math.hypot(this.position.x - this.start.x, this.position.y - this.start.y);
    this.isDrag ||= distance >= MOVED_PX;
    if (this.isActive) return this.extend();
    if (!this.isDrag) return;
    if (this.isTouch) return this.end();
    if (this.tileAtPointer() !== this.tile) this.activate();
  }

  activate() {
    const box = boxOf(this.tile);
    this.isActive = true;
    this.before = new Map(boxesOf(this.form).map((each) => [each, each.checked]));
    this.isChecked = this.isTouch || !box.checked;
    this.anchor = this.isTouch && isSelecting(this.form) ? anchorOf(this.form, box) : box;
    this.last = box;
    this.extend();
    requestAnimationFrame(() => this.scrollAtEdge());
  }

  tileAtPointer() {
    const tile = selectableTile(document.elementFromPoint(this.position.x, this.position.y));
    return tile && this.form.contains(tile) ? tile : null;
  }

  /** Select from the anchor to the tile under the pointer, and reset the other tiles to their earlier state. */
  extend() {
    const tile = this.tileAtPointer();
    if (tile) this.last = boxOf(tile);
    for (const [box, isChecked] of this.before) box.checked = isChecked;
    setChecked(boxesBetween(this.form, this.anchor, this.last), this.isChecked);
    showCount(this.form);
  }

  /** A long press on a tile at the edge does not scroll until the finger moves. */
  scrollAtEdge() {
    if (press !== this) return;
    const { y } = this.position;
    const speed = !this.isDrag ? 0 : y < EDGE_PX ? -SCROLL_PX : y > innerHeight - EDGE_PX ? SCROLL_PX : 0;
    if (speed) {
      scrollBy(0, speed);
      this.extend();
    }
    requestAnimationFrame(() => this.scrollAtEdge());
  }

  end() {
    clearTimeout(this.timer);
    if (this.isActive) setAnchor(this.last);
    press = null;
  }
}

let press = null;
let ignoresClick = false;

document.addEventListener("pointerdown", (event) => {
  press?.end();
  ignoresClick = false;
  const tile = selectableTile(event.target);
  const isOnControl = event.target.closest("input, button, a:not([data-large])");
  if (tile && !isOnControl && event.isPrimary && event.button === 0 && !event.shiftKey) press = new Press(event, tile);
});
document.addEventListener("pointermove", (event) => event.pointerId === press?.pointerId && press.move(event));
for (const name of ["pointerup", "pointercancel"]) {
  document.addEventListener(name, (event) => {
    if (event.pointerId !== press?.pointerId) return;
    ignoresClick = press.isActive;
    press.end();
  });
}
/* The click that ends a drag or a long press neither opens a picture nor toggles it again. */
window.addEventListener(
  "click",
  (event) => {
    if (!ignoresClick) return;
    ignoresClick = false;
    event.preventDefault();
    event.stopPropagation();
  },
  { capture: true },
);
document.addEventListener("dragstart", (event) => press && event.preventDefault());
document.addEventListener("contextmenu", (event) => press?.isTouch && event.preventDefault());
document.addEventListener("touchmove", (event) => press?.isActive && event.preventDefault(), { passive: false });
