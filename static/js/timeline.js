/* The timeline: the scrubber marks the month that is on the screen, and scrolls to months that are loaded. */

import { isPlainClick } from "./keyboard.js";

const READ_BELOW_PX = 160;
let isWaiting = false;

const monthHeadings = () => [...document.querySelectorAll("[data-month]")];

function markMonth() {
  isWaiting = false;
  const passed = monthHeadings().filter((each) => each.getBoundingClientRect().top < READ_BELOW_PX);
  const month = (passed.at(-1) ?? monthHeadings()[0])?.dataset.month;
  for (const link of document.querySelectorAll("[data-month-link]")) {
    if (link.dataset.monthLink === month) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
  }
}

function markMonthSoon() {
  if (isWaiting || !document.querySelector("[data-scrubber]")) return;
  isWaiting = true;
  requestAnimationFrame(markMonth);
}

/** Scroll to a month if its heading is loaded. Otherwise the browser follows the link. */
function scrollToMonth(event) {
  const link = event.target.closest?.("[data-scrubber] a");
  if (!link || !isPlainClick(event)) return;
  const month = new URL(link.href).searchParams.get("month");
  const heading = monthHeadings().find((each) => each.dataset.month === month)?.querySelector("h2");
  if (!heading) return;
  event.preventDefault();
  event.stopPropagation();
  heading.scrollIntoView({ block: "start" });
  heading.focus({ preventScroll: true });
}

document.addEventListener("click", scrollToMonth, { capture: true });
document.addEventListener("scroll", markMonthSoon, { passive: true });
document.addEventListener("htmx:load", markMonthSoon);
document.addEventListener("change", ({ target }) => {
  if (target.matches("[data-submit-on-change]")) target.form.requestSubmit();
});
markMonthSoon();
