/* One file in one request. XMLHttpRequest, since fetch does not tell how far an upload is. */

const SENTENCES = {
  0: "The connection failed. Try again.",
  401: "You are signed out. Sign in and try again.",
  403: "This upload is not allowed. Reload the page and try again.",
  404: "This collection is not there any more.",
  413: "This file is too large for the server.",
};

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
  return { error: SENTENCES[request.status] ?? "The server could not take this file. Try again." };
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
