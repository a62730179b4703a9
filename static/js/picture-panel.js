/* The details and the buttons of the picture in the large view, which come from the picture's own page. */

const PARTS = ".picture-tools, .picture-side";

export class PicturePanel {
  /** `tools` and `info` receive the parts. Visitors of a public link see no details: `info` is null. */
  constructor(dialog, { loaded, tools, info }) {
    Object.assign(this, { dialog, loaded, tools, info });
    loaded.addEventListener("htmx:afterSwap", () => this.place());
    info?.addEventListener("htmx:afterSwap", () => this.onSaved());
    // Escape leaves the form first, and then the large view.
    dialog.addEventListener("cancel", (event) => this.closeForm() && event.preventDefault());
  }

  /** Load the parts of a tile's picture. The picture is shown even if that fails. */
  load(link) {
    this.clear();
    this.link = link;
    const options = { source: this.loaded, target: this.loaded, select: PARTS, swap: "innerHTML" };
    window.htmx.ajax("GET", link.href, options).catch(() => {});
  }

  place() {
    const [tools, side] = [".picture-tools", ".picture-side"].map((each) => this.loaded.querySelector(each));
    if (tools) this.tools.replaceChildren(tools);
    if (side && this.info) this.info.replaceChildren(side);
    this.loaded.replaceChildren();
  }

  /** Show a changed title wherever the tile and the view show it. */
  onSaved() {
    const name = this.info.querySelector("[data-picture-name]")?.textContent.trim();
    if (!name) return;
    this.link.querySelector("img").alt = name;
    const caption = this.link.querySelector(".caption > span");
    if (caption) caption.textContent = name;
    this.dialog.dispatchEvent(new CustomEvent("picture-renamed", { detail: { name } }));
  }

  closeForm() {
    const form = this.dialog.querySelector("[data-edit-picture][open]");
    if (!form) return false;
    form.open = false;
    form.querySelector("summary").focus();
    return true;
  }

  /** Remove the parts. If the focus was in them, the dialog gets it, so that keys still work. */
  clear() {
    const hadFocus = [this.tools, this.info].some((each) => each?.contains(document.activeElement));
    window.htmx.trigger(this.loaded, "htmx:abort");
    for (const each of [this.loaded, this.tools, this.info]) each?.replaceChildren();
    if (hadFocus) this.dialog.focus();
  }
}
