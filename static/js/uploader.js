/* The upload page: files from a dialog, a folder or a drop, three at a time, one request for each. */

import { droppedFiles } from "./dropped-files.js";
import { FileRow } from "./file-row.js";
import { getMessage } from "./messages.js";
import { sendFile } from "./send-file.js";

const MAX_PARALLEL = 3;

class Uploader {
  constructor(form) {
    this.form = form;
    this.rows = [];
    this.runningCount = 0;
    this.rowTemplate = document.querySelector("template[data-row]");
    this.section = document.querySelector("[data-progress]");
    this.list = this.section.querySelector("[data-list]");
    this.retryAll = this.section.querySelector("[data-retry-all]");
    this.done = this.section.querySelector("[data-done]");
    this.retryAll.addEventListener("click", () => this.rowsIn("failed").forEach((row) => this.retry(row)));
    window.addEventListener("beforeunload", (event) => this.isBusy() && event.preventDefault());
  }

  add(files) {
    for (const file of files) {
      const row = new FileRow(this.rowTemplate, file, (failed) => this.retry(failed));
      this.rows.push(row);
      this.list.append(row.element);
    }
    this.section.hidden = this.rows.length === 0;
    this.startNext();
  }

  retry(row) {
    row.reset();
    this.startNext();
  }

  startNext() {
    for (const row of this.rowsIn("waiting").slice(0, MAX_PARALLEL - this.runningCount)) this.send(row);
    this.showCounts();
  }

  async send(row) {
    row.state = "running";
    this.runningCount += 1;
    const response = await sendFile(this.form.action, this.fields(), row.file, (progress) => {
      row.setProgress(progress);
      this.showProgress();
    });
    row.finish(response);
    this.runningCount -= 1;
    if (response.collection_url) this.done.href = response.collection_url;
    if (response.created) document.body.dispatchEvent(new Event("picture-uploaded"));
    this.startNext();
  }

  /** Return the form's text fields, read again for each file: the CSRF token and the collection. */
  fields() {
    return [...new FormData(this.form)].filter(([, value]) => typeof value === "string");
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
    this.retryAll.hidden = failed < 2;
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
      event.preventDefault();
      dropZone.classList.toggle("drop-zone-active", name === "dragover");
    });
  }
  document.addEventListener("drop", async (event) => uploader.add(await droppedFiles(event.dataTransfer)));
}

document.querySelectorAll("[data-uploader]").forEach(connectForm);
