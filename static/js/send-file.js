/* Uploads one file in one request, with XMLHttpRequest: fetch does not report the progress of an upload. */

import { getMessage } from "./messages.js";

/** Send the form's fields and one file; resolve to the server's JSON, or to {error: message}. Never rejects. */
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

function readResponse(request) {
  const response = parseJson(request.responseText);
  if (response?.error || ((response?.id || response?.archive) && request.status < 300)) return response;
  return { error: getMessage(`failed-${request.status}`, {}, "failed") };
}

function parseJson(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
