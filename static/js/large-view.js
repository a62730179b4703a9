/* The large view over a grid: opened by a click on a tile, under the address of the picture's own page. */

import { Gestures } from "./gestures.js";
import { isTyping, keyOf } from "./keyboard.js";
import { ShownPicture } from "./shown-picture.js";
import { links } from "./tiles.js";

const STEP_PX = 80;
const KEYS = { "+": "nearer", "=": "nearer", "-": "farther", 0: "whole", i: "details", arrowleft: "previous", arrowright: "next" };
const DIRECTIONS = { arrowleft: [1, 0], arrowright: [-1, 0], arrowup: [0, 1], arrowdown: [0, -1] };
const here = () => location.pathname + location.search;

class LargeView {
  constructor(dialog) {
    this.dialog = dialog;
    this.home = here();
    this.shown = new ShownPicture(dialog);
    const { zoom } = this.shown;
    this.actions = {
      previous: () => this.step(-1),
      next: () => this.step(1),
      nearer: () => zoom.by(1.5),
      farther: () => zoom.by(1 / 1.5),
      whole: () => zoom.reset(),
      details: () => this.shown.toggleDetails(),
      close: () => dialog.close(),
    };
    new Gestures(this.shown.stage, this.shown.picture, zoom, this.actions);
    document.addEventListener("click", (event) => this.take(event));
    window.addEventListener("popstate", () => this.travel());
    dialog.addEventListener("click", ({ target }) => this.actions[target.closest("[data-view-do]")?.dataset.viewDo]?.());
    dialog.addEventListener("keydown", (event) => this.press(event));
    dialog.addEventListener("close", () => this.leave());
  }

  /** A plain click opens the view; with a modifier, or without this script, the link leads to the picture's page. */
  take(event) {
    const link = event.target.closest(".tile a[data-large]");
    const isPlain = event.button === 0 && !(event.altKey || event.ctrlKey || event.metaKey || event.shiftKey);
    if (!link || !isPlain || event.defaultPrevented) return;
    event.preventDefault();
    this.home = here();
    history.pushState(null, "", link.href);
    this.open(link);
  }

  /** Back closes the view, forward opens it again. After a reload there is no grid to open: the browser goes there. */
  travel() {
    if (here() === this.home) return this.comeHome();
    const known = [this.shown.link, ...links()].filter((each) => each?.isConnected);
    const link = known.find((each) => each.pathname === location.pathname);
    if (link) this.open(link);
    else location.reload();
  }

  open(link) {
    this.isAway = true;
    if (!this.dialog.open) {
      this.name = document.title;
      this.dialog.showModal();
      this.dialog.focus();
    }
    this.shown.show(link);
  }

  leave() {
    this.shown.forget();
    document.title = this.name;
    if (here() !== this.home) history.back();
  }

  /** To the tile that was shown last, once the browser has scrolled back to where the view was opened. */
  comeHome() {
    if (!this.isAway) return;
    this.isAway = false;
    this.dialog.close();
    requestAnimationFrame(() => {
      this.shown.link.focus();
      this.shown.link.scrollIntoView({ block: "nearest" });
    });
  }

  async step(by) {
    const link = await this.shown.beside(by);
    if (!link || !this.dialog.open) return;
    history.replaceState(null, "", link.href);
    this.shown.show(link);
  }

  press(event) {
    if (event.altKey || event.ctrlKey || event.metaKey || isTyping(event)) return;
    const key = keyOf(event);
    const { alike, zoom } = this.shown;
    const named = alike.querySelector(`[data-tile-key="${CSS.escape(key)}"]`);
    if (zoom.isNear && DIRECTIONS[key]) zoom.move(...DIRECTIONS[key].map((each) => each * STEP_PX));
    else if (KEYS[key]) this.actions[KEYS[key]]();
    else if (named) named.click();
    else return;
    event.preventDefault();
  }
}

const dialog = document.querySelector("[data-view]");
if (dialog) new LargeView(dialog);
