/* Actions on pictures without a reload: tiles leave the grid, a toast says what was done, and Undo puts them back. */

import { getMessage } from "./messages.js";
import { fetchPage, replaceElement } from "./pages.js";
import { focusTile, showCount } from "./selection.js";
import { showToast, showToastNamed } from "./toasts.js";

const FORM = "[data-selection]";
const COUNTS = "[data-live]";
const DOUBLE_CLICK_MS = 500;
const largeView = () => document.querySelector("[data-view][open]");
const nextFrame = () => new Promise(requestAnimationFrame);

/** Send a form. Return the answer, or null after a toast has said what went wrong; with `retry` it has a button. */
async function send(address, data, retry) {
  const options = { method: "POST", headers: { Accept: "application/json" }, body: new URLSearchParams(data) };
  const response = await fetch(address, options).catch(() => null);
  if (!response) return showToastNamed("not-reached", retry), null;
  const answer = await readAnswer(response).catch(() => null); // the connection may break in the middle
  if (!answer) return showToastNamed("not-done"), null;
  if (!response.ok) return showToast({ text: answer.error, level: "error" }), null;
  return answer;
}

function readAnswer(response) {
  return response.headers.get("Content-Type")?.includes("json") ? response.json() : readNotices(response);
}

/** Read the messages of the page to which an action has led that does not answer scripts; null if it failed. */
async function readNotices(response) {
  if (!response.ok) return null;
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  const texts = [...page.querySelectorAll(".notices .notice")].map((notice) => notice.textContent.trim());
  return { messages: texts.map((text) => ({ text, level: "success" })), removed: [], is_stale: false };
}

/** Remove tiles from their grids. Return them with markers at their places. */
function removeTiles(ids) {
  const tiles = ids.flatMap((id) => [...document.querySelectorAll(`.tile[data-image-id="${id}"]`)]);
  return tiles.map((tile) => {
    const marker = document.createComment("");
    tile.replaceWith(marker);
    return { tile, marker };
  });
}

/** Put tiles back, with their selection; load the page again if their places are gone. */
async function returnTiles(removed) {
  if (!removed.every(({ marker }) => marker.isConnected)) {
    await reloadContent();
    for (const { tile } of removed) {
      const box = document.querySelector(`${FORM} input[name="image"][value="${tile.dataset.imageId}"]`);
      if (box) box.checked = true;
    }
  } else for (const { tile, marker } of removed) marker.replaceWith(tile);
  announceChange();
}

/** Update the numbers of selected pictures, and tell other scripts that tiles were removed or put back. */
function announceChange() {
  document.querySelectorAll(FORM).forEach(showCount);
  document.dispatchEvent(new CustomEvent("tiles:changed"));
}

/** Load the content of the page again, at the same place. */
async function reloadContent() {
  const page = await fetchPage(location.href).catch(() => null);
  if (!page?.ok) return location.reload();
  replaceElement(document.querySelector("#content"), page.document.querySelector("#content"));
}

/** Update the counts on the page. While the large view is open, the address is not that of the grid. */
async function refreshCounts() {
  if (!document.querySelector(COUNTS) || largeView()) return;
  const page = await fetchPage(location.href).catch(() => null);
  if (!page?.ok) return;
  for (const count of document.querySelectorAll(COUNTS)) {
    const fresh = page.document.querySelector(`[data-live="${count.dataset.live}"]`);
    if (fresh) count.replaceChildren(...fresh.childNodes);
  }
}

function showAnswer(answer, removed) {
  for (const { text, level, undo } of answer.messages) {
    showToast({ text, level, action: undo && makeUndo(undo, removed) });
  }
}

function makeUndo(id, removed) {
  return { text: getMessage("undo"), run: () => undoAction(id, removed) };
}

async function undoAction(id, removed) {
  const csrfmiddlewaretoken = document.querySelector('[name="csrfmiddlewaretoken"]').value;
  const address = document.querySelector("#toasts").dataset.undoAddress;
  const answer = await send(address, { action: id, csrfmiddlewaretoken }, makeUndo(id, removed));
  if (!answer) return;
  showAnswer(answer, []);
  if (answer.restored >= removed.length) await returnTiles(removed);
  else await reloadContent();
  focusTile(removed[0]?.tile);
  await refreshCounts();
}

async function runAction(form, button) {
  if (form.ariaBusy === "true") return;
  form.ariaBusy = "true";
  form.querySelector(":popover-open")?.hidePopover();
  const answer = await send(button.formAction, new FormData(form, button));
  form.ariaBusy = null;
  if (!answer) return;
  const neighbour = findNeighbour(form, answer.removed);
  const removed = removeTiles(answer.removed);
  announceChange();
  showAnswer(answer, removed);
  if (answer.is_stale || (removed.length && !form.querySelector(".tile"))) await reloadContent();
  else if (removed.length) focusTile(neighbour);
  await refreshCounts();
}

/** Return the tile that follows the removed ones, or the last one before them. */
function findNeighbour(form, ids) {
  const tiles = [...form.querySelectorAll(".tile")];
  const isKept = (tile) => !ids.includes(Number(tile.dataset.imageId));
  const first = tiles.findIndex((tile) => !isKept(tile));
  return tiles.slice(first).find(isKept) ?? tiles.findLast(isKept);
}

/** Show the next picture, or the previous one, or the grid. */
async function leavePicture(view) {
  const buttons = ["next", "previous"].map((name) => view.querySelector(`[data-view-action="${name}"]`));
  const isPossible = (button) => button.ariaDisabled !== "true";
  (buttons.find(isPossible) ?? view.querySelector('[data-view-action="close"]')).click();
  await nextFrame();
}

/** Trash the picture in the large view, which goes on to another one. A double click trashes one picture. */
async function trashPicture(form) {
  if (largeView().ariaBusy === "true") return;
  largeView().ariaBusy = "true";
  const answer = await send(form.action, new FormData(form));
  setTimeout(() => (document.querySelector("[data-view]").ariaBusy = null), DOUBLE_CLICK_MS);
  if (!answer) return;
  if (largeView() && form.isConnected) await leavePicture(largeView());
  const removed = removeTiles(answer.removed);
  announceChange();
  showAnswer(answer, removed);
}

document.addEventListener("submit", (event) => {
  const { target: form, submitter: button } = event;
  if (form.matches(FORM) && button?.hasAttribute("formaction")) {
    event.preventDefault();
    runAction(form, button);
  } else if (form.matches("[data-trash-picture]") && largeView()) {
    event.preventDefault();
    trashPicture(form);
  }
});
