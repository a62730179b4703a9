/* Selecting pictures. A click selects while something is selected, Shift and a click select a range, Ctrl+A selects all
   pictures of the page, and Escape clears the selection.

   A form [data-selection] has tiles with checkboxes "image", perhaps a checkbox "all", and the bar of actions. */

import { connectElements } from "./elements.js";
import { hasModifier, isTyping } from "./keyboard.js";
import { getMessage } from "./messages.js";

const FORM = "[data-selection]";
const TILE = `${FORM} .tile`;
const OTHER_CONTROLS = "label, button, a:not([data-large])";
let lastBox = null;

/** Return the checkboxes that are on the page now. More are added when scrolling loads pictures. */
export const boxesOf = (form) => [...form.querySelectorAll('input[name="image"]')];
export const boxOf = (tile) => tile.querySelector('input[name="image"]');
export const isSelecting = (form) => boxesOf(form).some((box) => box.checked);
const allOf = (form) => form.querySelector('input[name="all"]');

/** Return the tile around an element, if it can be selected. */
export function selectableTile(element) {
  const tile = element?.closest?.(TILE);
  return tile && boxOf(tile) ? tile : null;
}

/** Return the checkbox that was toggled last, if it is in the form, and otherwise `fallback`. */
export function anchorOf(form, fallback = null) {
  return lastBox?.isConnected && form.contains(lastBox) ? lastBox : fallback;
}

export function setAnchor(box) {
  lastBox = box;
}

/** Return the checkboxes from one to another, in the order of the page. */
export function boxesBetween(form, first, second) {
  const boxes = boxesOf(form);
  const [from, to] = [boxes.indexOf(first), boxes.indexOf(second)].sort((a, b) => a - b);
  return boxes.slice(from, to + 1);
}

export function setChecked(boxes, isChecked) {
  for (const box of boxes) box.checked = isChecked;
}

export function showCount(form) {
  const all = allOf(form);
  const count = boxesOf(form).filter((box) => box.checked).length;
  const isAll = Boolean(all?.checked);
  const name = isAll ? "all-selected" : count ? "selected" : "select";
  form.querySelector("[data-selection-count]").textContent = getMessage(name, { count });
  form.querySelector("[data-selection-number]").textContent = isAll ? all.dataset.total : count || "";
}

function onClick(event) {
  const tile = selectableTile(event.target);
  if (!tile) return;
  const form = tile.closest(FORM);
  const box = boxOf(tile);
  if (event.target === box) selectRange(form, box, event.shiftKey);
  else if (!event.target.closest(OTHER_CONTROLS) && startsSelecting(form, event)) {
    event.preventDefault();
    box.dispatchEvent(new MouseEvent("click", { bubbles: true, cancelable: true, shiftKey: event.shiftKey }));
  }
}

/** A click selects with Shift or while something is selected. Enter is a click without `detail`, and opens the tile. */
function startsSelecting(form, event) {
  const isClick = event.button === 0 && event.detail > 0 && !hasModifier(event);
  return isClick && (event.shiftKey || isSelecting(form));
}

function selectRange(form, box, isRange) {
  const anchor = anchorOf(form);
  if (isRange && anchor) setChecked(boxesBetween(form, anchor, box), box.checked);
  setAnchor(box);
}

/** "All" also means pictures that are not loaded. Clearing one picture clears it. */
function onChange(event) {
  const form = event.target.closest(FORM);
  if (!form) return;
  const all = allOf(form);
  if (event.target === all) setChecked(boxesOf(form), all.checked);
  else if (all && event.target.name === "image" && !event.target.checked) all.checked = false;
  showCount(form);
}

function onKeydown(event) {
  const form = document.querySelector(FORM);
  if (!form || event.defaultPrevented || isTyping(event) || event.target.closest("dialog")) return;
  if (event.key === "Escape" && !document.querySelector(":popover-open")) clear(form);
  else if (event.key === "a" && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    setChecked(boxesOf(form), true);
    showCount(form);
  }
}

/** Clear the selection. The focus goes from the bar, which disappears, to the last picture. */
function clear(form) {
  const hadFocus = document.activeElement?.closest(".bulk-actions");
  const all = allOf(form);
  setChecked([...boxesOf(form), ...(all ? [all] : [])], false);
  showCount(form);
  if (hadFocus) focusTile((anchorOf(form) ?? boxesOf(form)[0])?.closest(".tile"));
}

export function focusTile(tile) {
  (tile?.querySelector("a[data-large]") ?? (tile && boxOf(tile)))?.focus({ preventScroll: true });
}

/** Enter in a field presses the button beside it; browsers would press the first button of the form. */
function submitOnEnter(event) {
  const field = event.key === "Enter" && event.target.closest(`${FORM} input`);
  const button = field && field.closest(".inline-form")?.querySelector("button");
  if (!button) return;
  event.preventDefault();
  field.form.requestSubmit(button);
}

function filterList(event) {
  const filter = event.target.closest("[data-list-filter]");
  if (!filter) return;
  const words = event.target.value.trim().toLowerCase();
  for (const item of filter.nextElementSibling.children) {
    item.hidden = !item.textContent.toLowerCase().includes(words);
  }
}

document.addEventListener("click", onClick, { capture: true });
document.addEventListener("change", onChange);
document.addEventListener("keydown", onKeydown);
document.addEventListener("keydown", submitOnEnter);
document.addEventListener("input", filterList);
document.addEventListener("reset", (event) => {
  if (!event.target.matches(FORM)) return;
  event.preventDefault(); // a reset would restore boxes that the browser ticked when the page was restored
  clear(event.target);
});
document.addEventListener("htmx:load", (event) => {
  const form = event.detail.elt.closest?.(FORM);
  if (form && allOf(form)?.checked) setChecked(boxesOf(form), true);
});
connectElements(FORM, showCount); // boxes may have been ticked before this script was loaded
connectElements("button[data-popover]", (button) => {
  button.type = "button";
  button.setAttribute("popovertarget", button.dataset.popover);
});
connectElements("[data-list-filter]", (filter) => {
  filter.hidden = false;
});
