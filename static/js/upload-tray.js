/* Uploads from any page: the tray with their progress, dropped files, and pages that open without ending an upload. */

import { refreshSoon } from "./page-refresh.js";
import { PageSwaps } from "./page-swaps.js";
import { UploadTargets } from "./upload-targets.js";
import { Uploader } from "./uploader.js";

const tray = document.querySelector("[data-tray]");
if (tray) {
  const uploader = new Uploader(tray, refreshSoon);
  new UploadTargets(uploader);
  new PageSwaps(() => uploader.isBusy(), document.querySelector("[data-page-title]"));
}
