/* While files upload, links and GET forms open without a reload, which would stop the upload. */

import { isPlainClick } from "./keyboard.js";
import { fetchPage, replaceElement } from "./pages.js";

const pathOf = ({ pathname, search }) => pathname + search;

export class PageSwaps {
  /** `isBusy` says whether a reload would stop an upload. `announcer` is a live region for the titles of pages. */
  constructor(isBusy, announcer) {
    this.isBusy = isBusy;
    this.announcer = announcer;
    this.shown = pathOf(location);
    // On the window: after all listeners of the document, which may have handled the event.
    window.addEventListener("click", (event) => this.onClick(event));
    window.addEventListener("submit", (event) => this.onSubmit(event));
    window.addEventListener("popstate", (event) => this.onPopstate(event), { capture: true });
  }

  onClick(event) {
    const link = event.target.closest?.("a[href]");
    if (!link || !isPlainClick(event) || event.defaultPrevented || !this.isBusy()) return;
    const isElsewhere = link.target || link.hasAttribute("download") || link.origin !== location.origin;
    if (isElsewhere || (link.hash && pathOf(link) === pathOf(location))) return;
    event.preventDefault();
    this.open(link.href);
  }

  onSubmit(event) {
    const { target: form, submitter } = event;
    const method = submitter?.getAttribute("formmethod") || form.getAttribute("method") || "get";
    if (event.defaultPrevented || method.toLowerCase() !== "get" || form.target || !this.isBusy()) return;
    const action = submitter?.getAttribute("formaction") || form.getAttribute("action") || "";
    const address = new URL(action, location.href);
    if (address.origin !== location.origin) return;
    const fields = [...new FormData(form, submitter)].filter(([, value]) => typeof value === "string");
    address.search = new URLSearchParams(fields);
    event.preventDefault();
    this.open(address.href);
  }

  /** Back and forward between swapped pages. The large view handles its own addresses, whose state is empty. */
  onPopstate(event) {
    if (!event.state?.isSwapped || this.shown === pathOf(location)) return;
    event.stopImmediatePropagation();
    if (this.isBusy()) this.open(location.href, { isBack: true });
    else location.reload();
  }

  async open(address, { isBack = false } = {}) {
    this.loading?.abort();
    clearTimeout(this.refreshTimer);
    const loading = (this.loading = new AbortController());
    await closeDialogs(isBack);
    try {
      const page = await fetchPage(address, loading.signal);
      if (page === null) window.open(address, "_blank", "noopener");
      else if (page.document.querySelector("#page")) this.show(page, new URL(address).hash, isBack);
      else location.assign(address);
    } catch {
      if (!loading.signal.aborted) location.assign(address);
    }
  }

  show(page, hash, isBack) {
    const fresh = page.document.querySelector("#page");
    if (!isBack) {
      history.replaceState({ isSwapped: true, scroll: window.scrollY }, "");
      history.pushState({ isSwapped: true }, "", page.address + hash);
    }
    this.shown = pathOf(location);
    replaceElement(document.querySelector("#page"), fresh);
    document.title = this.announcer.textContent = page.document.title;
    document.querySelector("#content").focus({ preventScroll: true });
    window.scrollTo(0, (isBack && history.state?.scroll) || 0);
    if (hash) document.getElementById(hash.slice(1))?.scrollIntoView();
    this.refreshLater(page);
  }

  /** A page that waits for the model asks the browser to load it again. */
  refreshLater(page) {
    const delay_s = page.document.querySelector("meta[http-equiv='refresh']")?.content;
    if (delay_s) this.refreshTimer = setTimeout(() => this.open(location.href, { isBack: true }), delay_s * 1000);
  }
}

/** Close the large view before its page is replaced. Closing steps back in the history, unless the person did so. */
async function closeDialogs(isBack) {
  const open = [...document.querySelectorAll("dialog[open]")];
  for (const dialog of open) dialog.close();
  if (!open.length || isBack) return;
  await new Promise((resolve) => {
    window.addEventListener("popstate", resolve, { once: true });
    setTimeout(resolve, 300);
  });
}
