/* Shows new pictures on the page of a collection after an upload. What is on the screen keeps its place. */

import { fetchPage, replaceElement } from "./pages.js";

const DELAY_MS = 1500;
const TYPING = "input:not([type='checkbox'], [type='file']), select, textarea";

const changed = new Set();
let timer = null;

/** Show new pictures of the collection with this address, if the page shows that collection. */
export function refreshSoon(address) {
  changed.add(address);
  timer ??= setTimeout(refresh, DELAY_MS);
}

async function refresh() {
  timer = null;
  const content = document.querySelector("#content");
  const address = content.querySelector("[data-add-to]")?.dataset.collection;
  if (!changed.delete(address)) return;
  const isReady = () => content.isConnected && location.pathname === address && !isInUse(content);
  const page = isReady() && (await fetchPage(location.href).catch(() => null));
  if (isReady() && page?.ok) replace(content, page.document.querySelector("#content"));
  else refreshSoon(address);
}

function isInUse(content) {
  const isTyping = content.contains(document.activeElement) && document.activeElement.matches(TYPING);
  return isTyping || document.querySelector("dialog[open]") !== null;
}

/** Keep the scroll position, the focus and the selection. Do nothing if scrolling has loaded more pictures. */
function replace(content, fresh) {
  const tiles = (element) => [...element.querySelectorAll("[data-image-id]")];
  if (!fresh || tiles(fresh).length < tiles(content).length) return;
  const top = window.scrollY;
  const anchor = top > 0 && tiles(content).find((tile) => tile.getBoundingClientRect().bottom > 0);
  const before = anchor ? anchor.getBoundingClientRect().top : 0;
  const selected = new Set([...content.querySelectorAll("input[name='image']:checked")].map((box) => box.value));
  for (const box of fresh.querySelectorAll("input[name='image']")) box.checked = selected.has(box.value);
  const hadFocus = content.contains(document.activeElement);
  replaceElement(content, fresh);
  if (hadFocus) fresh.focus({ preventScroll: true });
  const same = anchor && fresh.querySelector(`[data-image-id="${anchor.dataset.imageId}"]`);
  window.scrollTo(0, same ? top + same.getBoundingClientRect().top - before : top);
}
