/* One row of the upload list: waiting, running, unpacking, added, duplicate or failed. */

import { getMessage } from "./messages.js";

export class FileRow {
  constructor(template, file, onRetry) {
    this.file = file;
    this.state = "waiting";
    this.progress = 0;
    this.canRetry = false;
    this.onRetry = onRetry;
    this.element = template.content.firstElementChild.cloneNode(true);
    this.find(".file-name").textContent = file.webkitRelativePath || file.name;
    this.progressBar = this.find("progress");
    this.progressBar.setAttribute("aria-label", file.name);
  }

  find(selector) {
    return this.element.querySelector(selector);
  }

  reset() {
    this.state = "waiting";
    this.setProgress(0);
    this.element.classList.remove("file-failed");
    this.find(".file-state").replaceChildren(this.progressBar);
    this.find(".file-action").replaceChildren();
  }

  /** `progress` is between 0 and 1. */
  setProgress(progress) {
    this.progress = progress;
    this.progressBar.value = progress;
  }

  get isFailed() {
    return this.element.classList.contains("file-failed");
  }

  finish(response) {
    this.progress = 1;
    this.state = response.error ? "failed" : response.created ? "added" : "duplicate";
    this.canRetry = Boolean(response.canRetry);
    if (response.error) this.showError(response.error);
    else if (response.archive) this.showArchive(response);
    else this.showPicture(response);
  }

  showError(message) {
    this.element.classList.add("file-failed");
    this.find(".file-state").textContent = message;
    if (!this.canRetry) return;
    const button = document.createElement("button");
    button.type = "button";
    button.className = "button";
    button.textContent = getMessage("retry");
    button.setAttribute("aria-label", getMessage("retry-file", { name: this.file.name }));
    button.addEventListener("click", () => this.onRetry(this));
    this.find(".file-action").replaceChildren(button);
  }

  /** Show a path that cannot be read. There is nothing to send, so it cannot be tried again. */
  showUnreadable() {
    this.progress = 1;
    this.state = "failed";
    this.element.classList.add("file-failed");
    this.find(".file-state").textContent = getMessage("unreadable");
  }

  /** Show how far the server has unpacked an archive, with a link to its page. */
  showUnpacking(report) {
    this.state = "unpacking";
    this.progress = 1;
    const { status_url: address, done, total, message } = report;
    const text = message || getMessage(done ? "unpacking" : "archive-waits", { done, total });
    this.find(".file-state").replaceChildren(createLink(address, text));
  }

  /** Show the counts of an archive, and each refused picture with its reason. */
  showArchive(response) {
    const { added, known, refused_count: refused } = response;
    const text = getMessage("archive", { added, known, refused });
    this.find(".file-state").replaceChildren(createLink(response.status_url, text));
    if (response.message) this.find(".file-state").append(" ", response.message);
    this.element.classList.toggle("file-failed", response.state === "failed");
    if (!response.refused.length && !response.notes.length) return;
    const list = document.createElement("ul");
    for (const { name, error, note } of [...response.refused, ...response.notes]) {
      list.append(Object.assign(document.createElement("li"), { textContent: `${name}: ${error ?? note}` }));
    }
    this.find(".file-state").append(list);
  }

  showPicture(response) {
    const { url, collection, note, elsewhere, thumbnail, sentence } = response;
    if (!url) {
      this.find(".file-state").textContent = sentence; // the answer to a guest
      return;
    }
    this.find(".file-state").replaceChildren(createLink(url, getMessage(this.state, { collection })));
    if (note) this.find(".file-state").append(" ", createLink(elsewhere, note));
    const picture = Object.assign(new Image(48, 48), { alt: "", loading: "lazy", src: thumbnail });
    this.find(".file-picture").replaceChildren(picture);
  }
}

function createLink(href, textContent) {
  return Object.assign(document.createElement("a"), { href, textContent });
}
