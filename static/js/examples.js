/* Example pictures for a search: chosen, dropped or pasted anywhere on the page, and sent at once. */

class Examples {
  constructor(form) {
    this.form = form;
    this.input = form.querySelector('input[type="file"]');
    this.input.addEventListener("change", () => this.input.files.length && form.requestSubmit());
    document.addEventListener("paste", (event) => this.take(event, event.clipboardData));
    document.addEventListener("dragover", (event) => this.hover(event));
    document.addEventListener("dragleave", () => this.mark(false));
    document.addEventListener("drop", (event) => {
      this.mark(false);
      this.take(event, event.dataTransfer);
    });
  }

  hover(event) {
    if (![...event.dataTransfer.types].includes("Files")) return;
    event.preventDefault();
    this.mark(true);
  }

  mark(on) {
    document.body.classList.toggle("dropping", on);
  }

  /** Take the files of a drop or of the clipboard; pasted words go where they always go. */
  take(event, transfer) {
    const files = [...(transfer?.files ?? [])];
    if (!files.length) return;
    event.preventDefault();
    const chosen = new DataTransfer();
    for (const file of files) chosen.items.add(file);
    this.input.files = chosen.files;
    this.form.requestSubmit();
  }
}

document.querySelectorAll("[data-example-form]").forEach((form) => new Examples(form));
