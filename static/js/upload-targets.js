/* The target of files that are selected or dropped on a page: its form, its collection, or a collection that the person
   selects. A picture dropped on the search box is an example for a search (see examples.js). */

import { droppedFiles } from "./dropped-files.js";
import { SEARCH_BOX } from "./examples.js";
import { getMessage } from "./messages.js";
import { fetchPage } from "./pages.js";

const FILE_INPUTS = "[data-uploader] :is([data-files], [data-folder])";

export class UploadTargets {
  constructor(uploader) {
    this.uploader = uploader;
    this.cover = document.querySelector("[data-drop-cover]");
    this.dialog = document.querySelector("[data-add-dialog]");
    this.fields = this.dialog.querySelector("[data-add-fields]");
    this.isInnerDrag = false;
    this.dialog.querySelector("[data-add-cancel]").addEventListener("click", () => this.dialog.close());
    this.dialog.addEventListener("close", () => this.fields.replaceChildren());
    this.dialog.addEventListener("submit", (event) => this.onDialogSubmit(event));
    document.addEventListener("submit", (event) => event.target.matches("[data-uploader]") && event.preventDefault());
    document.addEventListener("change", (event) => this.onChange(event));
    for (const name of ["dragstart", "dragend"]) {
      document.addEventListener(name, () => (this.isInnerDrag = name === "dragstart"));
    }
    document.addEventListener("dragover", (event) => this.onDragover(event));
    document.addEventListener("dragleave", (event) => event.relatedTarget === null && this.showCover(false));
    document.addEventListener("drop", (event) => this.onDrop(event));
    document.addEventListener("htmx:load", (event) => prepareForms(event.target));
    prepareForms(document);
  }

  onChange(event) {
    const input = event.target;
    if (!input.matches(FILE_INPUTS)) return;
    const files = [...input.files];
    input.value = "";
    if (isNamed(input.form)) this.uploader.add({ files }, readForm(input.form));
  }

  onDragover(event) {
    if (this.isInnerDrag || !event.dataTransfer.types.includes("Files")) return;
    const isUpload = !isForSearch(event);
    if (isUpload) event.preventDefault();
    this.showCover(isUpload);
  }

  showCover(isShown) {
    this.cover.hidden = !isShown;
    const name = document.querySelector("[data-add-to]")?.dataset.addTo;
    const message = name ? "drop-named" : document.querySelector("[data-uploader]") ? "drop-form" : "drop-other";
    this.cover.firstElementChild.textContent = getMessage(message, { name });
  }

  async onDrop(event) {
    this.showCover(false);
    if (event.defaultPrevented || this.isInnerDrag || isForSearch(event)) return;
    if (![...event.dataTransfer.items].some((item) => item.kind === "file")) return;
    event.preventDefault();
    const drop = await droppedFiles(event.dataTransfer);
    const form = document.querySelector("[data-uploader]");
    const collection = document.querySelector("[data-add-to]");
    if (form) isNamed(form) && this.uploader.add(drop, readForm(form));
    else if (collection) this.uploader.add(drop, { address: collection.dataset.address, fields: [] });
    else this.askWhere(drop);
  }

  /** Open the dialog with the fields of the upload page: the collection used last, the others, or a new one. */
  async askWhere(drop) {
    this.drop = drop;
    this.dialog.querySelector("[data-add-count]").textContent = getMessage("drop-count", { count: drop.files.length });
    this.dialog.querySelector("[data-add-submit]").disabled = true;
    this.dialog.showModal();
    const page = await fetchPage(this.dialog.querySelector("form").action).catch(() => null);
    const fields = page?.document.querySelector("[data-uploader] .upload-target");
    if (!fields) {
      this.fields.textContent = getMessage(page ? "failed-401" : "failed-0");
      return;
    }
    const select = fields.querySelector("select");
    select.prepend(select.selectedOptions[0]);
    this.fields.replaceChildren(fields);
    this.dialog.querySelector("[data-add-submit]").disabled = false;
    select.focus();
  }

  onDialogSubmit(event) {
    event.preventDefault();
    if (!isNamed(event.target)) return;
    const target = readForm(event.target);
    this.dialog.close();
    this.uploader.add(this.drop, target);
  }
}

function isForSearch(event) {
  return event.target.closest?.(SEARCH_BOX) && document.querySelector("[data-example-form]") !== null;
}

/** Show what needs a script, and remove what is for browsers without scripts. */
function prepareForms(element) {
  element.querySelectorAll("[data-uploader] [data-with-script]").forEach((each) => (each.hidden = false));
  element.querySelectorAll("[data-uploader] [data-without-script]").forEach((each) => each.remove());
}

/** Return whether the form names a collection; otherwise ask for the name of the new one. */
function isNamed(form) {
  const name = form.querySelector("[name='new_name']");
  if (!name) return true;
  name.required = !form.querySelector("[name='collection']").value;
  return name.reportValidity();
}

function readForm(form) {
  const isText = ([name, value]) => typeof value === "string" && name !== "csrfmiddlewaretoken";
  return { address: form.action, fields: [...new FormData(form)].filter(isText) };
}
