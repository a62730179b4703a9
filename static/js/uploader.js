/* The upload page: files from a dialog, a folder or a drop, three at a time, one request for each. */

import { droppedFiles } from "./dropped-files.js";
import { connectElements } from "./elements.js";
import { FileRow } from "./file-row.js";
import { SkippedFiles } from "./skipped-files.js";
import { getMessage } from "./messages.js";
import { awaitArchive, sendFile } from "./send-file.js";
import { restoreSession } from "./session.js";

const MAX_PARALLEL = 3;

class Uploader {
  constructor(form) {
    this.form = form;
    this.rows = [];
    this.runningCount = 0;
    this.isPaused = false;
    this.skipped = new SkippedFiles(form);
    this.rowTemplate = document.querySelector("template[data-row]");
    this.section = document.querySelector("[data-progress]");
    this.list = this.section.querySelector("[data-list]");
    this.retryAll = this.section.querySelector("[data-retry-all]");
    this.done = this.section.querySelector("[data-done]");
    this.signedOut = this.section.querySelector("[data-signed-out]");
    this.retryAll.addEventListener("click", () => this.failedRows().forEach((row) => this.retry(row)));
    this.signedOut.querySelector("[data-continue]").addEventListener("click", () => this.resume());
    window.addEventListener("focus", () => this.isPaused && this.resume());
    window.addEventListener("beforeunload", (event) => this.isBusy() && event.preventDefault());
  }

  add(files, unreadable = []) {
    for (const file of this.skipped.filter(files)) this.addRow(file);
    for (const name of unreadable) this.addRow({ name }).showUnreadable();
    const sentences = this.skipped.describe(getMessage);
    const note = this.section.querySelector("p[data-skipped]");
    note.textContent = sentences.join(" ");
    note.hidden = sentences.length === 0;
    this.section.hidden = this.rows.length === 0 && note.hidden;
    this.startNext();
  }

  addRow(file) {
    const row = new FileRow(this.rowTemplate, file, (failed) => this.retry(failed));
    this.rows.push(row);
    this.list.append(row.element);
    return row;
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
    const response = await sendFile(this.form.action, this.fields(), row.file, (progress) => {
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
    if (report.collection_url) this.done.href = report.collection_url;
    if (report.created) document.body.dispatchEvent(new Event("picture-uploaded"));
    this.showCounts();
  }

  /** Queue a file again, once, if the session was lost or the connection broke. Return false if it stays failed. */
  async requeue(row) {
    const state = this.isPaused ? "signed-out" : await restoreSession(this.form);
    if (state === "unreachable" || (state === "restored" && row.wasRequeued)) return false;
    row.reset();
    row.wasRequeued = true;
    if (state !== "restored") this.pause(state);
    return true;
  }

  pause(state) {
    this.isPaused = true;
    this.signedOut.hidden = false;
    this.signedOut.querySelector("[data-signed-out-text]").textContent = getMessage(state);
  }

  /** Continue if the person has signed in again, in another tab. */
  async resume() {
    const state = await restoreSession(this.form);
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

  /** Return the form's text fields, read again for each file: the CSRF token and the collection. */
  fields() {
    return [...new FormData(this.form)].filter(([, value]) => typeof value === "string");
  }

  /** Return the rows that can be tried again. */
  failedRows() {
    return this.rowsIn("failed").filter((row) => !row.isUnreadable);
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
    this.section.querySelector("[data-count]").textContent = parts.join(", ");
    this.retryAll.hidden = this.failedRows().length < 2;
    this.done.hidden = this.isBusy() || added + duplicates === 0;
    this.showProgress();
  }

  showProgress() {
    const sum = this.rows.reduce((total, row) => total + row.progress, 0);
    this.section.querySelector("[data-total]").value = sum / Math.max(this.rows.length, 1);
  }
}

function connectForm(form) {
  const uploader = new Uploader(form);
  const dropZone = form.querySelector("[data-drop-zone]");
  form.querySelectorAll("[data-with-script]").forEach((element) => (element.hidden = false));
  form.querySelectorAll("[data-without-script]").forEach((element) => element.remove());
  form.addEventListener("submit", (event) => event.preventDefault());
  for (const input of form.querySelectorAll("[data-files], [data-folder]")) {
    input.addEventListener("change", () => {
      uploader.add([...input.files]);
      input.value = "";
    });
  }
  for (const name of ["dragover", "dragleave", "drop"]) {
    document.addEventListener(name, (event) => {
      if (!form.isConnected) return;
      event.preventDefault();
      dropZone.classList.toggle("drop-zone-active", name === "dragover");
    });
  }
  document.addEventListener("drop", async (event) => {
    if (!form.isConnected) return;
    const { files, unreadable } = await droppedFiles(event.dataTransfer);
    uploader.add(files, unreadable);
  });
}

connectElements("[data-uploader]", connectForm);
