/* The large view over a grid. A click on a tile opens it, under the address of the picture's own page. */

import { CurrentPicture } from "./current-picture.js";
import { Gestures } from "./gestures.js";
import { hasModifier, isPlainClick, isTyping, keyOf } from "./keyboard.js";
import { tileLinks } from "./tiles.js";

const MOVE_STEP_PX = 80;
const ZOOM_STEP = 1.5;
const KEYS = {
  "+": "zoom-in",
  "=": "zoom-in",
  "-": "zoom-out",
  0: "zoom-reset",
  i: "details",
  f: "favourite",
  arrowleft: "previous",
  arrowright: "next",
};
const DIRECTIONS = { arrowleft: [1, 0], arrowright: [-1, 0], arrowup: [0, 1], arrowdown: [0, -1] };
const VIEW_STATE = { isLargeView: true };
const currentAddress = () => location.pathname + location.search;

class LargeView {
  constructor(dialog) {
    this.dialog = dialog;
    this.gridAddress = currentAddress();
    this.current = new CurrentPicture(dialog, (link) => this.replace(link));
    const { zoom } = this.current;
    this.actions = {
      previous: () => this.step(-1),
      next: () => this.step(1),
      "zoom-in": () => zoom.by(ZOOM_STEP),
      "zoom-out": () => zoom.by(1 / ZOOM_STEP),
      "zoom-reset": () => zoom.reset(),
      details: () => this.current.toggleDetails(),
      favourite: () => dialog.querySelector('[data-key="f"]')?.click(),
      close: () => dialog.close(),
    };
    new Gestures(this.current.stage, this.current.picture, zoom, this.actions);
    document.addEventListener("click", (event) => this.onDocumentClick(event));
    document.addEventListener("tiles:changed", () => this.dialog.open && this.current.showTiles());
    window.addEventListener("popstate", (event) => this.onPopstate(event), { capture: true });
    dialog.addEventListener("click", (event) => this.onClick(event));
    dialog.addEventListener("keydown", (event) => this.onKeydown(event));
    dialog.addEventListener("submit", (event) => this.onSubmit(event));
    dialog.addEventListener("close", () => this.onClose());
  }

  /** A plain click opens the view. With a modifier key the browser follows the link to the picture's page. */
  onDocumentClick(event) {
    const link = event.target.closest(".tile a[data-large]");
    if (!link || !isPlainClick(event) || event.defaultPrevented) return;
    event.preventDefault();
    this.gridAddress = currentAddress();
    history.pushState(VIEW_STATE, "", link.href);
    this.open(link);
  }

  /** Back closes the view, forward opens it again. If the tile is gone, the browser loads the picture's page.
   *
   * htmx would load the grid again when the view closes. Steps between pages with a state of their own are left to it. */
  onPopstate(event) {
    const isGrid = currentAddress() === this.gridAddress;
    if (isGrid && this.isOpen) {
      event.stopImmediatePropagation();
      this.returnToGrid();
    }
    if (isGrid || (event.state && !event.state.isLargeView)) return;
    const links = [this.current.link, ...tileLinks()].filter((each) => each?.isConnected);
    const link = links.find((each) => each.pathname === location.pathname);
    if (link) this.open(link);
    else location.reload();
  }

  onClick(event) {
    const button = event.target.closest("[data-view-action]");
    this.actions[button?.dataset.viewAction]?.();
  }

  open(link) {
    this.isOpen = true;
    if (!this.dialog.open) {
      this.gridTitle = document.title;
      this.dialog.showModal();
      this.dialog.focus();
    }
    this.current.show(link);
  }

  onClose() {
    this.current.clear();
    document.title = this.gridTitle;
    if (currentAddress() !== this.gridAddress) history.back();
  }

  /** Focus the tile that was shown last, after the browser has restored the scroll position. */
  returnToGrid() {
    this.isOpen = false;
    this.dialog.close();
    requestAnimationFrame(() => {
      this.current.link.focus();
      this.current.link.scrollIntoView({ block: "nearest" });
    });
  }

  async step(offset) {
    const link = await this.current.linkAt(offset);
    if (link && this.dialog.open) this.replace(link);
  }

  replace(link) {
    history.replaceState(VIEW_STATE, "", link.href);
    this.current.show(link);
  }

  /** After moving a picture to the trash, return to the grid and not to the page of the picture. */
  onSubmit(event) {
    if (event.target.matches("[data-trash-picture]")) event.target.elements.next.value = this.gridAddress;
  }

  onKeydown(event) {
    if (hasModifier(event) || isTyping(event)) return;
    const key = keyOf(event);
    const { examples, zoom } = this.current;
    const exampleLink = examples.querySelector(`[data-tile-key="${CSS.escape(key)}"]`);
    if (zoom.isZoomed && DIRECTIONS[key]) zoom.move(...DIRECTIONS[key].map((each) => each * MOVE_STEP_PX));
    else if (KEYS[key]) this.actions[KEYS[key]]();
    else if (exampleLink) exampleLink.click();
    else return;
    event.preventDefault();
  }
}

const dialog = document.querySelector("[data-view]");
if (dialog) new LargeView(dialog);
