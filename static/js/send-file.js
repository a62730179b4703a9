/* One file in one request. XMLHttpRequest, since fetch does not tell how far an upload is. */

import { say } from "./words.js";

/** Send the fields and one file; resolve to the server's answer, or to {error}: a sentence. Never rejects. */
export function sendFile(address, fields, file, onProgress) {
  const body = new FormData();
  for (const [name, value] of fields) body.append(name, value);
  body.append("files", file, file.name);
  return new Promise((resolve) => {
    const request = new XMLHttpRequest();
    request.open("POST", address);
    request.setRequestHeader("Accept", "application/json");
    request.upload.addEventListener("progress", (event) => onProgress(event.loaded / (event.total || 1)));
    request.addEventListener("loadend", () => resolve(answer(request)));
    request.send(body);
  });
}

function answer(request) {
  const given = parsed(request.responseText);
  if (given?.error || ((given?.id || given?.archive) && request.status < 300)) return given;
  return { error: say(`failed-${request.status}`, {}, "failed") };
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
