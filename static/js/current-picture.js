/* The picture in the large view: its image in the needed size, its position in the list, its neighbours. */

import { Filmstrip } from "./filmstrip.js";
import { loadImage } from "./image-cache.js";
import { getMessage } from "./messages.js";
import { findPlace } from "./numbering.js";
import { PicturePanel } from "./picture-panel.js";
import { loadMore, tileLinks } from "./tiles.js";
import { Zoom } from "./zoom.js";

const ELEMENTS = [
  "announcement",
  "details",
  "examples",
  "info",
  "loaded",
  "next",
  "page",
  "picture",
  "position",
  "previous",
  "score",
  "side",
  "stage",
  "strip",
  "title",
  "tools",
];
const WIDE = "(min-width: 62rem)";

export class CurrentPicture {
  /** `open` shows the picture of another tile. */
  constructor(dialog, open) {
    for (const name of ELEMENTS) this[name] = dialog.querySelector(`[data-view-${name}]`);
    this.zoom = new Zoom(this.stage, this.picture, () => this.sharpen());
    this.panel = new PicturePanel(dialog, this);
    this.filmstrip = new Filmstrip(this.strip, open);
    dialog.addEventListener("picture-renamed", (event) => {
      this.showName(event.detail.name);
      this.showPosition();
    });
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
    this.showName(thumbnail.alt);
    this.page.href = link.href;
    this.zoom.reset();
    this.sharpen();
    this.showPosition();
    this.showHit();
    this.filmstrip.show(link);
    this.panel.load(link);
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

  showName(name) {
    this.picture.alt = this.title.textContent = name;
  }

  showPosition() {
    const links = tileLinks();
    this.previous.ariaDisabled = links[0] === this.link;
    this.next.ariaDisabled = links.at(-1) === this.link;
    const place = findPlace(this.link);
    const title = this.title.textContent;
    const text = place ? getMessage(`view-${place.name}`, place) : "";
    this.position.textContent = text;
    const isPlain = place?.name === "position";
    this.announcement.textContent = isPlain
      ? getMessage("view-announcement", { ...place, title })
      : [title, text].filter(Boolean).join(", ");
  }

  /** Show the score of a search result, and the links of its tile to more and less like it. */
  showHit() {
    const score = this.link.querySelector(".score")?.textContent;
    const exampleLinks = [...this.link.closest(".tile").querySelectorAll("a[data-tile-key]")];
    if (this.score) this.score.textContent = score ? getMessage("view-score", { score }) : "";
    this.examples.replaceChildren(
      ...exampleLinks.map((example) => {
        const link = example.cloneNode(true);
        link.classList.add("view-button");
        link.querySelector("span").textContent = link.title;
        return link;
      }),
    );
  }

  preloadNeighbours() {
    const links = tileLinks();
    const index = links.indexOf(this.link);
    const neighbours = [links[index + 1], links[index - 1]].filter(Boolean);
    for (const each of neighbours) loadImage(each.dataset.large).catch(() => {});
    if (index + 1 === links.length) this.loadingMore = loadMore().then((isLoaded) => isLoaded && this.onMoreTiles());
  }

  onMoreTiles() {
    this.showTiles();
    this.preloadNeighbours();
  }

  /** Show what depends on the other tiles of the page. */
  showTiles() {
    this.showPosition();
    this.filmstrip.show(this.link);
  }

  /** Return the link at an offset (1 or -1) from the shown one; undefined at the ends of the grid. */
  async linkAt(offset) {
    const find = () => tileLinks()[tileLinks().indexOf(this.link) + offset];
    if (offset > 0 && !find()) await this.loadingMore;
    return find();
  }

  toggleDetails(isOpen = this.side?.hidden) {
    if (!this.side) return;
    this.side.hidden = !isOpen;
    this.details.setAttribute("aria-expanded", isOpen);
  }

  clear() {
    this.panel.clear();
    this.address = "";
  }
}
