/* Example pictures for a search: selected, dropped on the search box or pasted, and sent at once. A picture that is
   dropped elsewhere is uploaded (see upload-targets.js). */

import { connectElements } from "./elements.js";

export const SEARCH_BOX = "[role='search'], [data-example-form]";

class ExampleForm {
  constructor(form) {
    this.form = form;
    this.input = form.querySelector('input[type="file"]');
    this.input.addEventListener("change", () => this.input.files.length && form.requestSubmit());
    document.addEventListener("paste", (event) => this.submitFiles(event, event.clipboardData));
    document.addEventListener("dragover", (event) => this.onDragover(event));
    document.addEventListener("dragleave", () => this.highlight(null));
    document.addEventListener("drop", (event) => {
      this.highlight(null);
      if (event.target.closest?.(SEARCH_BOX)) this.submitFiles(event, event.dataTransfer);
    });
  }

  onDragover(event) {
    const box = event.target.closest?.(SEARCH_BOX);
    if (!this.form.isConnected || !box || !event.dataTransfer.types.includes("Files")) return;
    event.preventDefault();
    this.highlight(box);
  }

  highlight(box) {
    document.querySelector(".drop-target")?.classList.remove("drop-target");
    box?.classList.add("drop-target");
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
