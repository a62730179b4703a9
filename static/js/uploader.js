/* The upload page: files from a dialog, a folder or a drop; three at a time, each in a request of its own. */

import { droppedFiles } from "./dropped-files.js";
import { FileRow } from "./file-row.js";
import { sendFile } from "./send-file.js";
import { say } from "./words.js";

const AT_ONCE = 3;

class Uploader {
  constructor(form) {
    this.form = form;
    this.rows = [];
    this.running = 0;
    this.template = document.querySelector("template[data-row]");
    this.section = document.querySelector("[data-progress]");
    this.list = this.section.querySelector("[data-list]");
    this.retryAll = this.section.querySelector("[data-retry-all]");
    this.done = this.section.querySelector("[data-done]");
    this.retryAll.addEventListener("click", () => this.failed().forEach((row) => this.retry(row)));
    window.addEventListener("beforeunload", (event) => this.isBusy() && event.preventDefault());
  }

  add(files) {
    for (const file of files) {
      const row = new FileRow(this.template, file, (failed) => this.retry(failed));
      this.rows.push(row);
      this.list.append(row.element);
    }
    this.section.hidden = this.rows.length === 0;
    this.goOn();
  }

  retry(row) {
    row.wait();
    this.goOn();
  }

  goOn() {
    while (this.running < AT_ONCE) {
      const next = this.rows.find((row) => row.state === "waiting");
      if (!next) break;
      this.send(next);
    }
    this.show();
  }

  async send(row) {
    row.state = "running";
    this.running += 1;
    const answer = await sendFile(this.form.action, this.fields(), row.file, (share) => {
      row.progress(share);
      this.showTotal();
    });
    row.finish(answer);
    this.running -= 1;
    if (answer.collection_url) this.done.href = answer.collection_url;
    if (answer.created) document.body.dispatchEvent(new Event("picture-uploaded"));
    this.goOn();
  }

  /** The form's own fields, read for each file: the token, and where the picture goes. */
  fields() {
    return [...new FormData(this.form)].filter(([, value]) => typeof value === "string");
  }

  failed() {
    return this.rows.filter((row) => row.state === "failed");
  }

  isBusy() {
    return this.running > 0 || this.rows.some((row) => row.state === "waiting");
  }

  show() {
    const count = (state) => this.rows.filter((row) => row.state === state).length;
    const [added, known, failed] = ["added", "known", "failed"].map(count);
    const parts = [say("done", { done: added + known, all: this.rows.length })];
    if (known) parts.push(say("count-known", { count: known }));
    if (failed) parts.push(say("count-failed", { count: failed }));
    this.section.querySelector("[data-count]").textContent = parts.join(", ");
    this.retryAll.hidden = failed < 2;
    this.done.hidden = this.isBusy() || added + known === 0;
    this.showTotal();
  }

  showTotal() {
    const sum = this.rows.reduce((total, row) => total + row.share, 0);
    this.section.querySelector("[data-total]").value = sum / Math.max(this.rows.length, 1);
  }
}

function connect(form) {
  const uploader = new Uploader(form);
  const drop = form.querySelector("[data-drop]");
  form.querySelectorAll("[data-scripted]").forEach((part) => (part.hidden = false));
  form.querySelectorAll("[data-plain]").forEach((part) => part.remove());
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
      drop.classList.toggle("drop-over", name === "dragover");
    });
  }
  document.addEventListener("drop", async (event) => uploader.add(await droppedFiles(event.dataTransfer)));
}

document.querySelectorAll("[data-uploader]").forEach(connect);
