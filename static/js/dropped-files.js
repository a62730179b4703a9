/* The files in a drop, including those in folders. */

/** Return all files of a DataTransfer. Its entries are read before the first await: later they are gone. */
export async function droppedFiles(transfer) {
  const items = [...transfer.items].filter((item) => item.kind === "file");
  const entries = items.map((item) => item.webkitGetAsEntry?.() ?? item.getAsFile());
  const files = [];
  for (const entry of entries) {
    if (entry instanceof File) files.push(entry);
    else if (entry) await collectFiles(entry, files);
  }
  return files.length ? files : [...transfer.files];
}

async function collectFiles(entry, files) {
  if (entry.isFile) {
    files.push(await new Promise((resolve, reject) => entry.file(resolve, reject)));
    return;
  }
  for (const child of await readChildren(entry.createReader())) await collectFiles(child, files);
}

/** A reader returns at most a hundred entries at a time; an empty list is the end. */
async function readChildren(reader) {
  const children = [];
  for (;;) {
    const batch = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    if (!batch.length) return children;
    children.push(...batch);
  }
}
