/* Example pictures for a search: selected, dropped or pasted anywhere on the page, and sent at once. */

import { connectElements } from "./elements.js";

class ExampleForm {
  constructor(form) {
    this.form = form;
    this.input = form.querySelector('input[type="file"]');
    this.input.addEventListener("change", () => this.input.files.length && form.requestSubmit());
    document.addEventListener("paste", (event) => this.submitFiles(event, event.clipboardData));
    document.addEventListener("dragover", (event) => this.onDragover(event));
    document.addEventListener("dragleave", () => this.highlight(false));
    document.addEventListener("drop", (event) => {
      this.highlight(false);
      this.submitFiles(event, event.dataTransfer);
    });
  }

  onDragover(event) {
    if (!this.form.isConnected || ![...event.dataTransfer.types].includes("Files")) return;
    event.preventDefault();
    this.highlight(true);
  }

  highlight(isOn) {
    document.body.classList.toggle("drop-target", isOn);
  }

  /** Submit the files of a drop or of the clipboard; pasted text is left to the browser. */
  submitFiles(event, transfer) {
    const files = [...(transfer?.files ?? [])];
    if (!this.form.isConnected || !files.length) return;
    event.preventDefault();
    const selected = new DataTransfer();
    for (const file of files) selected.items.add(file);
    this.input.files = selected.files;
    this.form.requestSubmit();
  }
}

connectElements("[data-example-form]", (form) => new ExampleForm(form));
