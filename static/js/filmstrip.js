/* The thumbnails of the neighbouring pictures, at the bottom of the large view. The page has loaded them already. */

import { tileLinks } from "./tiles.js";

const PICTURES_PER_SIDE = 12;

export class Filmstrip {
  /** `open` is called with the link of a tile when its thumbnail is clicked. */
  constructor(strip, open) {
    this.strip = strip;
    this.buttons = new WeakMap();
    this.links = new WeakMap();
    strip.addEventListener("click", (event) => {
      const link = this.links.get(event.target.closest("button"));
      if (link) open(link);
    });
  }

  show(current) {
    const links = tileLinks();
    const index = links.indexOf(current);
    const near = links.slice(Math.max(0, index - PICTURES_PER_SIDE), index + PICTURES_PER_SIDE + 1);
    const hadFocus = this.strip.contains(document.activeElement);
    this.strip.replaceChildren(...near.map((link) => this.buttonOf(link)));
    this.strip.hidden = near.length < 2;
    for (const link of near) this.buttonOf(link).ariaCurrent = link === current ? "true" : null;
    const button = this.buttonOf(current);
    this.strip.scrollLeft = button.offsetLeft - (this.strip.clientWidth - button.offsetWidth) / 2;
    if (hadFocus) button.focus({ preventScroll: true });
  }

  buttonOf(link) {
    const known = this.buttons.get(link);
    if (known) return known;
    const thumbnail = link.querySelector("img");
    const button = Object.assign(document.createElement("button"), { type: "button" });
    const image = Object.assign(new Image(), { src: thumbnail.currentSrc || thumbnail.src, alt: thumbnail.alt });
    button.append(image);
    this.buttons.set(link, button);
    this.links.set(button, link);
    return button;
  }
}
