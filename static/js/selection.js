/* Selecting pictures: shift-click selects a range, Ctrl+A the whole page, Escape clears the selection. */

import { connectElements } from "./elements.js";
import { isTyping } from "./keyboard.js";
import { getMessage } from "./messages.js";

class Selection {
  constructor(form) {
    this.form = form;
    this.count = form.querySelector("[data-selection-count]");
    this.all = form.querySelector('input[name="all"]');
    this.lastIndex = null;
    form.addEventListener("click", (event) => this.selectRange(event));
    form.addEventListener("change", () => this.showCount());
    document.addEventListener("keydown", (event) => this.onKeydown(event));
    form.addEventListener("keydown", (event) => this.submitOnEnter(event));
    this.showCount(); // boxes may have been ticked before this script was loaded
  }

  /** The checkboxes that are on the page now: more are added when results load on scrolling. */
  get boxes() {
    return [...this.form.querySelectorAll('input[name="image"]')];
  }

  selectRange(event) {
    const index = this.boxes.indexOf(event.target);
    if (index < 0) return;
    if (event.shiftKey && this.lastIndex !== null) {
      const [from, to] = [this.lastIndex, index].sort((a, b) => a - b);
      this.setChecked(this.boxes.slice(from, to + 1), event.target.checked);
    }
    this.lastIndex = index;
  }

  onKeydown(event) {
    if (!this.form.isConnected || isTyping(event) || event.target.closest("dialog")) return;
    if (event.key === "Escape") this.setChecked([...this.boxes, this.all], false);
    else if (event.key === "a" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      this.setChecked(this.boxes, true);
    }
  }

  /** Enter in a field presses the button beside it; browsers would press the first button of the form. */
  submitOnEnter(event) {
    if (event.key !== "Enter") return;
    const button = event.target.closest("input")?.closest(".inline-form")?.querySelector("button");
    if (!button) return;
    event.preventDefault();
    this.form.requestSubmit(button);
  }

  setChecked(boxes, isChecked) {
    for (const box of boxes) box.checked = isChecked;
    this.showCount();
  }

  showCount() {
    const count = this.boxes.filter((box) => box.checked).length;
    this.count.textContent = getMessage(this.all.checked ? "all-selected" : count ? "selected" : "select", { count });
  }
}

connectElements("[data-selection]", (form) => new Selection(form));
