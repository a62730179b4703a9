/* The files in a drop, including those in folders, and the entries that cannot be read. */

/** Return {files, unreadable} of a DataTransfer. `unreadable` contains the paths of files and folders that failed.
 *
 * The entries are read before the first await: later they are gone. */
export async function droppedFiles(transfer) {
  const items = [...transfer.items].filter((item) => item.kind === "file");
  const entries = items.map((item) => item.webkitGetAsEntry?.() ?? item.getAsFile());
  const drop = { files: [], unreadable: [] };
  for (const entry of entries) {
    if (entry instanceof File) drop.files.push(entry);
    else if (entry) await collectFiles(entry, drop);
  }
  if (!entries.some(Boolean)) drop.files.push(...transfer.files);
  return drop;
}

async function collectFiles(entry, drop) {
  try {
    if (entry.isFile) {
      const file = await new Promise((resolve, reject) => entry.file(resolve, reject));
      drop.files.push(withPath(file, entry.fullPath));
      return;
    }
    for (const child of await readChildren(entry.createReader())) await collectFiles(child, drop);
  } catch {
    drop.unreadable.push(entry.fullPath.replace(/^\//, ""));
  }
}

/** Keep the path below the dropped folder, as a folder dialog does. */
function withPath(file, fullPath) {
  const path = fullPath.replace(/^\//, "");
  if (path.includes("/")) Object.defineProperty(file, "webkitRelativePath", { value: path });
  return file;
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
