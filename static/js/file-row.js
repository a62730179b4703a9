/* One line of the list of uploads: waiting, on its way, added, already there, or failed and why. */

import { say } from "./words.js";

export class FileRow {
  constructor(template, file, onRetry) {
    this.file = file;
    this.state = "waiting";
    this.share = 0;
    this.onRetry = onRetry;
    this.element = template.content.firstElementChild.cloneNode(true);
    this.part(".file-name").textContent = file.webkitRelativePath || file.name;
    this.bar = this.part("progress");
    this.bar.setAttribute("aria-label", file.name);
  }

  part(selector) {
    return this.element.querySelector(selector);
  }

  wait() {
    this.state = "waiting";
    this.share = 0;
    this.bar.value = 0;
    this.element.classList.remove("file-failed");
    this.part(".file-state").replaceChildren(this.bar);
    this.part(".file-action").replaceChildren();
  }

  progress(share) {
    this.share = share;
    this.bar.value = share;
  }

  finish(answer) {
    this.share = 1;
    this.state = answer.error ? "failed" : answer.created ? "added" : "known";
    if (answer.error) this.fail(answer.error);
    else if (answer.archive) this.report(answer);
    else this.succeed(answer);
  }

  fail(sentence) {
    this.element.classList.add("file-failed");
    this.part(".file-state").textContent = sentence;
    const button = document.createElement("button");
    button.type = "button";
    button.className = "button";
    button.textContent = say("retry");
    button.setAttribute("aria-label", say("retry-file", { name: this.file.name }));
    button.addEventListener("click", () => this.onRetry(this));
    this.part(".file-action").replaceChildren(button);
  }

  /** What became of the pictures in an archive; each refused one with its reason. */
  report(answer) {
    const link = document.createElement("a");
    link.href = answer.collection_url;
    link.textContent = say("archive", { added: answer.added, known: answer.known, refused: answer.refused_count });
    this.part(".file-state").replaceChildren(link);
    if (!answer.refused.length && !answer.notes.length) return;
    const list = document.createElement("ul");
    for (const { name, error, note } of [...answer.refused, ...answer.notes]) {
      const line = document.createElement("li");
      line.textContent = `${name}: ${error ?? note}`;
      list.append(line);
    }
    this.part(".file-state").append(list);
  }

  noteOf({ note, elsewhere }) {
    return Object.assign(document.createElement("a"), { href: elsewhere, textContent: note });
  }

  succeed(answer) {
    const link = document.createElement("a");
    link.href = answer.url;
    link.textContent = say(this.state, { title: answer.title });
    this.part(".file-state").replaceChildren(link);
    if (answer.note) this.part(".file-state").append(" ", this.noteOf(answer));
    const picture = Object.assign(new Image(48, 48), { alt: "", loading: "lazy", src: answer.thumbnail });
    this.part(".file-picture").replaceChildren(picture);
  }
}
