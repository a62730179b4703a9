/* The picture in the large view: its image in the needed size, its position in the grid, its details. */

import { loadImage } from "./image-cache.js";
import { getMessage } from "./messages.js";
import { loadMore, tileCountText, tileLinks } from "./tiles.js";
import { Zoom } from "./zoom.js";

const ELEMENTS = [
  "announcement",
  "details",
  "examples",
  "hit",
  "info",
  "next",
  "page",
  "picture",
  "position",
  "previous",
  "score",
  "side",
  "stage",
  "title",
];
const WIDE = "(min-width: 62rem)";

export class CurrentPicture {
  constructor(dialog) {
    for (const name of ELEMENTS) this[name] = dialog.querySelector(`[data-view-${name}]`);
    this.zoom = new Zoom(this.stage, this.picture, () => this.sharpen());
    this.toggleDetails(matchMedia(WIDE).matches);
  }

  show(link) {
    Object.assign(this, { link, address: "" });
    const thumbnail = link.querySelector("img");
    const { width, height } = link.dataset;
    this.picture.dataset.width = width;
    this.picture.style.setProperty("--width", width);
    this.picture.style.setProperty("--ratio", width / height);
    this.picture.src = thumbnail.currentSrc || thumbnail.src;
    this.picture.alt = this.title.textContent = thumbnail.alt;
    this.page.href = link.href;
    this.zoom.reset();
    this.sharpen();
    this.showPosition();
    this.showHit();
    this.loadInfo();
    this.preloadNeighbours();
  }

  /** Replace the thumbnail by the large picture, and that by the original file when zoomed in. */
  async sharpen() {
    const { large, file } = this.link.dataset;
    const address = (this.zoom.isZoomed && file) || large;
    if (this.address === address || this.address === file) return;
    this.address = address;
    const image = await loadImage(address).catch(() => null); // not every browser shows every format
    if (image && this.address === address) this.picture.src = image.src;
  }

  showPosition() {
    const links = tileLinks();
    const values = { position: links.indexOf(this.link) + 1, count: tileCountText() };
    this.previous.ariaDisabled = links[0] === this.link;
    this.next.ariaDisabled = links.at(-1) === this.link;
    this.position.textContent = getMessage("view-position", values);
    this.announcement.textContent = getMessage("view-announcement", { ...values, title: this.title.textContent });
  }

  /** Show the score of a search result, and the links of its tile to more and less like it. */
  showHit() {
    const score = this.link.querySelector(".score")?.textContent;
    const exampleLinks = [...this.link.closest(".tile").querySelectorAll("a[data-tile-key]")];
    this.score.textContent = score ? getMessage("view-score", { score }) : "";
    this.examples.replaceChildren(
      ...exampleLinks.map(({ href, title, dataset }) => {
        const link = Object.assign(document.createElement("a"), { href, className: "button", textContent: title });
        link.dataset.tileKey = dataset.tileKey;
        return link;
      }),
    );
    this.hit.hidden = !score && !exampleLinks.length;
  }

  /** Load the details from the picture's own page. The picture is shown even if that fails. */
  loadInfo() {
    const { info } = this;
    info.replaceChildren();
    const options = { source: info, target: info, select: ".picture-side", swap: "innerHTML" };
    window.htmx.ajax("GET", this.link.href, options).catch(() => {});
  }

  preloadNeighbours() {
    const links = tileLinks();
    const index = links.indexOf(this.link);
    const neighbours = [links[index + 1], links[index - 1]].filter(Boolean);
    for (const each of neighbours) loadImage(each.dataset.large).catch(() => {});
    if (index + 1 === links.length) this.loadingMore = loadMore().then((isLoaded) => isLoaded && this.onMoreTiles());
  }

  onMoreTiles() {
    this.showPosition();
    this.preloadNeighbours();
  }

  /** Return the link at an offset (1 or -1) from the shown one; undefined at the ends of the grid. */
  async linkAt(offset) {
    const find = () => tileLinks()[tileLinks().indexOf(this.link) + offset];
    if (offset > 0 && !find()) await this.loadingMore;
    return find();
  }

  toggleDetails(isOpen = this.side.hidden) {
    this.side.hidden = !isOpen;
    this.details.setAttribute("aria-expanded", isOpen);
  }

  clear() {
    window.htmx.trigger(this.info, "htmx:abort");
    this.address = "";
  }
}
