/* Toasts: short messages at the bottom of the window, with an action such as Undo. */

import { getMessage } from "./messages.js";

const SHOWN_MS = 10_000;
const region = document.querySelector("#toasts");
const template = document.querySelector("[data-toast]");

class Toast {
  constructor({ text, level = "success", action }) {
    this.element = template.content.firstElementChild.cloneNode(true);
    this.element.classList.add(`toast-${level}`);
    this.element.querySelector("[data-toast-text]").textContent = text;
    this.element.querySelector("[data-toast-close]").addEventListener("click", () => this.close());
    this.setUpAction(this.element.querySelector("[data-toast-action]"), action);
    for (const name of ["pointerenter", "focusin"]) this.element.addEventListener(name, () => this.pause());
    for (const name of ["pointerleave", "focusout"]) this.element.addEventListener(name, () => this.resume());
  }

  setUpAction(button, action) {
    if (!action) return button.remove();
    button.textContent = action.text;
    button.addEventListener("click", () => {
      this.close();
      action.run();
    });
  }

  /** A modal dialog makes the rest of the page inert, so the toasts move into it. */
  show() {
    (document.querySelector("dialog[open]") ?? document.body).append(region);
    region.append(this.element);
    this.resume();
  }

  pause() {
    clearTimeout(this.timer);
  }

  resume() {
    this.pause();
    if (this.element.matches(":hover, :focus-within")) return;
    this.timer = setTimeout(() => this.close(), SHOWN_MS);
  }

  close() {
    this.pause();
    const hadFocus = this.element.contains(document.activeElement);
    this.element.remove();
    if (hadFocus) document.querySelector("#content")?.focus({ preventScroll: true });
  }
}

/** Show a message. `level` is success, warning or error; `action` has a `text` and a function `run`. */
export function showToast(message) {
  new Toast(message).show();
}

/** Show an error by its name in the page's translations, perhaps with an action. */
export function showToastNamed(name, action) {
  const text = getMessage(name);
  showToast({ text, level: "error", action });
}

/** Say that a click or a form had no effect. What the page loads by itself may fail without a message. */
function showFailure(event, name) {
  const { elt, triggeringEvent } = event.detail.requestConfig ?? {};
  const isAction = ["click", "submit", "change"].includes(triggeringEvent?.type);
  if (isAction && !elt.closest("[data-opens-dialog]")) showToastNamed(name);
}

document.addEventListener("htmx:responseError", (event) => showFailure(event, "not-done"));
document.addEventListener("htmx:sendError", (event) => showFailure(event, "not-reached"));
document.addEventListener("toast:show", (event) => showToast(event.detail));
document.addEventListener("close", () => document.body.append(region), { capture: true });
