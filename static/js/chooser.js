/* Choosing pictures: shift-click takes a range, Ctrl+A the whole page, Escape none; the bar counts. */

import { isTyping } from "./keyboard.js";
import { say } from "./words.js";

class Chooser {
  constructor(form) {
    this.form = form;
    this.count = form.querySelector("[data-chosen-count]");
    this.all = form.querySelector('input[name="all"]');
    this.last = null;
    form.addEventListener("click", (event) => this.extend(event));
    form.addEventListener("change", () => this.show());
    document.addEventListener("keydown", (event) => this.press(event));
    form.addEventListener("keydown", (event) => this.enter(event));
    this.show(); // what was chosen before this script came
  }

  /** The pictures that are there now: a long list grows. */
  get boxes() {
    return [...this.form.querySelectorAll('input[name="image"]')];
  }

  extend(event) {
    const place = this.boxes.indexOf(event.target);
    if (place < 0) return;
    if (event.shiftKey && this.last !== null) {
      const [from, to] = [this.last, place].sort((a, b) => a - b);
      this.set(this.boxes.slice(from, to + 1), event.target.checked);
    }
    this.last = place;
  }

  press(event) {
    if (isTyping(event) || event.target.closest("dialog")) return;
    if (event.key === "Escape") this.set([...this.boxes, this.all], false);
    else if (event.key === "a" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      this.set(this.boxes, true);
    }
  }

  /** Enter presses the button beside a field; by themselves browsers press the first one of the form. */
  enter(event) {
    const beside = event.key === "Enter" && event.target.closest("input")?.closest(".inline-form")?.querySelector("button");
    if (!beside) return;
    event.preventDefault();
    this.form.requestSubmit(beside);
  }

  set(boxes, checked) {
    for (const box of boxes) box.checked = checked;
    this.show();
  }

  show() {
    const chosen = this.boxes.filter((box) => box.checked).length;
    this.count.textContent = say(this.all.checked ? "all-chosen" : chosen ? "chosen" : "choose", { count: chosen });
  }
}

document.querySelectorAll("[data-chooser]").forEach((form) => new Chooser(form));
