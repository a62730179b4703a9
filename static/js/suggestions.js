/* Suggestions below the search box. The focus stays in the box, and the arrow keys move through the list. */

import { connectElements } from "./elements.js";
import { isPlainClick } from "./keyboard.js";

const DELAY_MS = 150;

class Suggestions {
  constructor(box) {
    this.box = box;
    this.status = makeElement({ className: "visually-hidden", role: "status" });
    this.panel = makeElement({ className: "suggestions", hidden: true });
    for (const old of box.parentElement.querySelectorAll("[data-suggestions-part]")) old.remove(); // after "Back"
    box.after(this.status, this.panel);
    box.role = "combobox";
    box.ariaAutoComplete = "list";
    box.setAttribute("aria-controls", "suggestion-list");
    this.close();
    box.addEventListener("focus", () => box.value || !isInUse() || this.request());
    box.addEventListener("click", () => box.value || this.isOpen || this.request());
    box.addEventListener("input", () => this.request(DELAY_MS));
    box.addEventListener("blur", () => this.close());
    box.addEventListener("keydown", (event) => this.onKeydown(event));
    this.panel.addEventListener("mousedown", (event) => event.preventDefault()); // keeps the focus in the box
    this.panel.addEventListener("click", (event) => this.onClick(event));
  }

  get isOpen() {
    return !this.panel.hidden;
  }

  get options() {
    return [...this.panel.querySelectorAll('[role="option"]')];
  }

  get active() {
    return this.panel.querySelector('[aria-selected="true"]');
  }

  /** Load the list after the delay, unless the text changes meanwhile. */
  request(delay = 0) {
    this.cancel();
    this.controller = new AbortController();
    this.timer = setTimeout(() => this.load(this.controller.signal), delay);
  }

  cancel() {
    clearTimeout(this.timer);
    this.controller?.abort();
  }

  async load(signal) {
    const address = `${this.box.dataset.suggestions}?${new URLSearchParams({ q: this.box.value })}`;
    try {
      const response = await fetch(address, { signal });
      const isList = response.ok && !response.redirected; // a redirect leads to the sign-in page
      const list = isList ? await response.text() : "";
      if (!signal.aborted) this.show(list);
    } catch {
      if (!signal.aborted) this.close();
    }
  }

  show(list) {
    this.panel.innerHTML = list;
    const count = this.options.length;
    if (!count || document.activeElement !== this.box) return this.close();
    this.panel.hidden = false;
    this.panel.scrollTop = 0;
    this.box.ariaExpanded = "true";
    this.box.removeAttribute("aria-activedescendant");
    this.status.textContent = this.panel.querySelector("[data-total]").dataset.total;
  }

  close() {
    this.cancel();
    this.panel.hidden = true;
    this.panel.replaceChildren();
    this.status.textContent = "";
    this.box.ariaExpanded = "false";
    this.box.removeAttribute("aria-activedescendant");
  }

  onKeydown(event) {
    const { key } = event;
    if (event.isComposing || event.ctrlKey || event.metaKey || event.shiftKey) return;
    if (key === "ArrowDown" && event.altKey && !this.isOpen) this.request();
    else if (!this.isOpen || event.altKey) return;
    else if (key === "ArrowDown") this.move(1);
    else if (key === "ArrowUp") this.move(-1);
    else if (key === "Escape") this.close();
    else if (key === "Enter" && this.active) this.active.click();
    else return;
    event.preventDefault();
  }

  /** Make the next or previous option active. Beyond either end no option is active. */
  move(step) {
    const { active, options } = this;
    const places = options.length + 1;
    const next = options[(options.indexOf(active) + 1 + step + places) % places - 1];
    if (active) active.ariaSelected = "false";
    if (!next) return this.box.removeAttribute("aria-activedescendant");
    next.ariaSelected = "true";
    next.scrollIntoView({ block: "nearest" });
    this.box.setAttribute("aria-activedescendant", next.id);
  }

  /** Write a filter into the box, so that the person can add words. Other suggestions are links. */
  onClick(event) {
    const option = event.target.closest('[role="option"]');
    if (!option || !isPlainClick(event)) return;
    if (option.dataset.text) {
      event.preventDefault();
      this.box.value = `${option.dataset.text} `;
      this.box.focus();
      this.box.dispatchEvent(new Event("input", { bubbles: true }));
    }
    this.close();
  }
}

/** Return whether a person has used the page: a box that the page itself focuses shows nothing. */
function isInUse() {
  return navigator.userActivation?.hasBeenActive ?? true;
}

function makeElement(properties) {
  const element = Object.assign(document.createElement("div"), properties);
  element.dataset.suggestionsPart = "";
  return element;
}

connectElements("input[data-suggestions]", (box) => new Suggestions(box));
