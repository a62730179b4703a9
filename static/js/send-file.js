/* Uploads one file in one request, with XMLHttpRequest: fetch does not report the progress of an upload. */

import { getMessage } from "./messages.js";

const POLL_MS = 1500;
const SLOW_POLL_MS = 10_000;

/** Send some fields and one file; resolve to the server's JSON, or to {error: message}. Never rejects.
 *
 * `mayBeSignedOut` is true if the session may be lost. Then the server may also close the connection early.
 * `canRetry` is true if the same file may be accepted later: not if the file itself or the collection is at fault. */
export function sendFile(address, fields, file, onProgress) {
  const body = new FormData();
  for (const [name, value] of fields) body.append(name, value);
  body.append("files", file, file.name);
  return new Promise((resolve) => {
    const request = new XMLHttpRequest();
    request.open("POST", address);
    request.setRequestHeader("Accept", "application/json");
    request.upload.addEventListener("progress", (event) => onProgress(event.loaded / (event.total || 1)));
    request.addEventListener("loadend", () => resolve(readResponse(request)));
    request.send(body);
  });
}

/** Ask for the state of an archive until it is unpacked; resolve to the report. */
export async function awaitArchive(report, onProgress) {
  let latest = report;
  while (["waiting", "running"].includes(latest.state)) {
    onProgress(latest);
    const previous = latest;
    await new Promise((resolve) => setTimeout(resolve, latest.isStale ? SLOW_POLL_MS : POLL_MS));
    latest = await fetchReport(previous);
  }
  return latest;
}

async function fetchReport(previous) {
  try {
    const response = await fetch(previous.status_url, { headers: { Accept: "application/json" } });
    if (response.ok) return await response.json();
    return response.status === 404 ? { error: getMessage("failed-404") } : { ...previous, isStale: true };
  } catch {
    return { ...previous, isStale: true };
  }
}

function readResponse(request) {
  const response = parseJson(request.responseText);
  const mayBeSignedOut = request.status === 0 || ["signed_out", "csrf"].includes(response?.code);
  const canRetry = mayBeSignedOut || request.status === 429 || request.status >= 500;
  if (response?.error) return { ...response, mayBeSignedOut, canRetry };
  if ((response?.id || response?.archive || response?.created) && request.status < 300) return response;
  return { error: getMessage(`failed-${request.status}`, {}, "failed"), mayBeSignedOut, canRetry };
}

function parseJson(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
