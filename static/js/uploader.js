/* The upload tray: the queue of files, three at a time, one request for each. It stays while pages change. */

import { FileRow } from "./file-row.js";
import { SkippedFiles } from "./skipped-files.js";
import { getMessage } from "./messages.js";
import { awaitArchive, sendFile } from "./send-file.js";
import { restoreSession } from "./session.js";

const MAX_PARALLEL = 3;
const WIDE = "(min-width: 56.25rem)";

export class Uploader {
  /** `onPicture` is called with the address of a collection that got a picture. */
  constructor(tray, onPicture) {
    this.tray = tray;
    this.onPicture = onPicture;
    this.rowTemplate = tray.querySelector("template[data-row]");
    this.list = this.find("list");
    this.retryAll = this.find("retry-all");
    this.done = this.find("done");
    this.signedOut = this.find("signed-out");
    this.toggle = this.find("toggle");
    this.toggle.addEventListener("click", () => this.expand(this.find("body").hidden));
    this.find("close").addEventListener("click", () => this.clear());
    this.retryAll.addEventListener("click", () => this.failedRows().forEach((row) => this.retry(row)));
    this.find("continue").addEventListener("click", () => this.resume());
    window.addEventListener("focus", () => this.isPaused && this.resume());
    window.addEventListener("beforeunload", (event) => this.isBusy() && event.preventDefault());
    this.clear();
  }

  find(name) {
    return this.tray.querySelector(`[data-${name}]`);
  }

  clear() {
    this.rows = [];
    this.runningCount = 0;
    this.isPaused = false;
    this.skipped = new SkippedFiles(this.tray);
    this.list.replaceChildren();
    this.tray.hidden = true;
  }

  expand(isExpanded) {
    this.find("body").hidden = !isExpanded;
    this.toggle.setAttribute("aria-expanded", isExpanded);
  }

  /** `target` is {address, fields}: where the files are sent, and the fields of the form that say to which collection. */
  add({ files, unreadable = [] }, target) {
    if (this.tray.hidden) this.expand(matchMedia(WIDE).matches || document.querySelector("[data-uploader]") !== null);
    for (const file of this.skipped.filter(files)) this.addRow(file, target);
    for (const name of unreadable) {
      const row = this.addRow({ name }, target);
      row.showUnreadable();
      this.moveToFailures(row);
    }
    const sentences = this.skipped.describe();
    const note = this.find("skipped");
    note.textContent = sentences.join(" ");
    note.hidden = sentences.length === 0;
    this.tray.hidden = this.rows.length === 0 && note.hidden;
    this.startNext();
  }

  addRow(file, target) {
    const row = new FileRow(this.rowTemplate, file, (failed) => this.retry(failed));
    row.target = target;
    this.rows.push(row);
    this.list.append(row.element);
    return row;
  }

  /** Failures come first in the list. */
  moveToFailures(row) {
    this.list.insertBefore(row.element, this.list.querySelector(".file:not(.file-failed)"));
  }

  retry(row) {
    row.wasRequeued = false;
    row.reset();
    this.startNext();
  }

  startNext() {
    const free = this.isPaused ? 0 : MAX_PARALLEL - this.runningCount;
    for (const row of this.rowsIn("waiting").slice(0, Math.max(0, free))) this.send(row);
    this.showCounts();
  }

  async send(row) {
    row.state = "running";
    this.runningCount += 1;
    const { address, fields } = row.target;
    const token = this.tray.querySelector("[name=csrfmiddlewaretoken]");
    const response = await sendFile(address, [[token.name, token.value], ...fields], row.file, (progress) => {
      row.setProgress(progress);
      this.showProgress();
    });
    this.runningCount -= 1;
    if (!response.mayBeSignedOut || !(await this.requeue(row))) this.finish(row, response);
    this.startNext();
  }

  async finish(row, response) {
    let report = response;
    if (report.archive) {
      report = await awaitArchive(report, (latest) => {
        row.showUnpacking(latest);
        this.showCounts();
      });
    }
    row.finish(report);
    if (row.isFailed) this.moveToFailures(row);
    if (report.collection_url) this.done.href = report.collection_url;
    if (report.created) {
      document.body.dispatchEvent(new Event("picture-uploaded"));
      this.onPicture(report.collection_url);
    }
    this.showCounts();
  }

  /** Queue a file again, once, if the session was lost or the connection broke. Return false if it stays failed. */
  async requeue(row) {
    const state = this.isPaused ? "signed-out" : await restoreSession(this.tray);
    if (state === "unreachable" || (state === "restored" && row.wasRequeued)) return false;
    row.reset();
    row.wasRequeued = true;
    if (state !== "restored") this.pause(state);
    return true;
  }

  pause(state) {
    this.isPaused = true;
    this.signedOut.hidden = false;
    this.find("signed-out-text").textContent = getMessage(state);
    this.expand(true);
  }

  /** Continue if the person has signed in again, in another tab. */
  async resume() {
    const state = await restoreSession(this.tray);
    if (state === "unreachable") return;
    if (state !== "restored") {
      this.pause(state);
      return;
    }
    this.isPaused = false;
    this.signedOut.hidden = true;
    for (const row of this.rows) row.wasRequeued = false;
    this.startNext();
  }

  /** Return the rows that can be tried again. */
  failedRows() {
    return this.rowsIn("failed").filter((row) => row.canRetry);
  }

  rowsIn(state) {
    return this.rows.filter((row) => row.state === state);
  }

  isBusy() {
    return this.runningCount > 0 || this.rowsIn("waiting").length > 0;
  }

  showCounts() {
    const [added, duplicates, failed] = ["added", "duplicate", "failed"].map((state) => this.rowsIn(state).length);
    const parts = [getMessage("done", { done: added + duplicates, all: this.rows.length })];
    if (duplicates) parts.push(getMessage("count-duplicates", { count: duplicates }));
    if (failed) parts.push(getMessage("count-failed", { count: failed }));
    this.find("count").textContent = parts.join(", ");
    this.retryAll.hidden = this.failedRows().length < 2;
    this.done.hidden = this.isBusy() || !this.done.hasAttribute("href");
    this.find("close").hidden = this.isBusy() || this.rowsIn("unpacking").length > 0;
    this.showProgress();
  }

  showProgress() {
    const sum = this.rows.reduce((total, row) => total + row.progress, 0);
    this.find("total").value = sum / Math.max(this.rows.length, 1);
  }
}
