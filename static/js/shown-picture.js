/* What the large view shows of one tile: its picture, as sharp as need be, its place in the grid, what is known of it. */

import { load } from "./pictures.js";
import { countOfTiles, links, loadMore } from "./tiles.js";
import { say } from "./words.js";
import { Zoom } from "./zoom.js";

const PARTS = ["alike", "details", "hit", "known", "next", "page", "picture", "place", "previous", "said", "score", "side"];
const WIDE = "(min-width: 62rem)";

export class ShownPicture {
  constructor(dialog) {
    for (const name of [...PARTS, "stage", "title"]) this[name] = dialog.querySelector(`[data-view-${name}]`);
    this.zoom = new Zoom(this.stage, this.picture, () => this.sharpen());
    this.toggleDetails(matchMedia(WIDE).matches);
  }

  show(link) {
    Object.assign(this, { link, address: "" });
    const small = link.querySelector("img");
    const { width, height } = link.dataset;
    this.picture.dataset.width = width;
    this.picture.style.setProperty("--width", width);
    this.picture.style.setProperty("--ratio", width / height);
    this.picture.src = small.currentSrc || small.src;
    this.picture.alt = this.title.textContent = small.alt;
    this.page.href = link.href;
    this.zoom.reset();
    this.sharpen();
    this.tellPlace();
    this.tellHit();
    this.describe();
    this.lookAhead();
  }

  /** Replace the tile's small picture by a larger one, and that by the file itself where one looks closely. */
  async sharpen() {
    const { large, file } = this.link.dataset;
    const address = (this.zoom.isNear && file) || large;
    if (this.address === address || this.address === file) return;
    this.address = address;
    const found = await load(address).catch(() => null); // not every browser shows every format
    if (found && this.address === address) this.picture.src = found.src;
  }

  tellPlace() {
    const all = links();
    const place = { place: all.indexOf(this.link) + 1, count: countOfTiles() };
    this.previous.ariaDisabled = all[0] === this.link;
    this.next.ariaDisabled = all.at(-1) === this.link;
    this.place.textContent = say("view-place", place);
    this.said.textContent = say("view-said", { ...place, title: this.title.textContent });
  }

  /** What the page knows of it as a hit: the score, and the links of its tile to more and less like it. */
  tellHit() {
    const score = this.link.querySelector(".score")?.textContent;
    const alike = [...this.link.closest(".tile").querySelectorAll("a[data-tile-key]")];
    this.score.textContent = score ? say("view-score", { score }) : "";
    this.alike.replaceChildren(
      ...alike.map(({ href, title, dataset }) => {
        const link = Object.assign(document.createElement("a"), { href, className: "button", textContent: title });
        link.dataset.tileKey = dataset.tileKey;
        return link;
      }),
    );
    this.hit.hidden = !score && !alike.length;
  }

  /** What is known of a picture is a part of its own page. Where that fails, the picture is there all the same. */
  describe() {
    this.known.replaceChildren();
    const { known } = this;
    const options = { source: known, target: known, select: ".picture-side", swap: "innerHTML" };
    window.htmx.ajax("GET", this.link.href, options).catch(() => {});
  }

  lookAhead() {
    const place = links().indexOf(this.link);
    const neighbours = [links()[place + 1], links()[place - 1]].filter(Boolean);
    for (const each of neighbours) load(each.dataset.large).catch(() => {});
    if (place + 1 === links().length) this.more = loadMore().then((came) => came && this.goOn());
  }

  goOn() {
    this.tellPlace();
    this.lookAhead();
  }

  /** Return the link beside the one that is shown, once it is there; nothing at the ends. */
  async beside(by) {
    const at = () => links()[links().indexOf(this.link) + by];
    if (by > 0 && !at()) await this.more;
    return at();
  }

  toggleDetails(open = this.side.hidden) {
    this.side.hidden = !open;
    this.details.setAttribute("aria-expanded", open);
  }

  forget() {
    window.htmx.trigger(this.known, "htmx:abort");
    this.address = "";
  }
}
