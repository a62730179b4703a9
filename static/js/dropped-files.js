/* The files in a drop, folders included. */

/** Return all files of a DataTransfer. Its entries must be taken before the event is over, hence before any await. */
export async function droppedFiles(transfer) {
  const items = [...transfer.items].filter((item) => item.kind === "file");
  const found = items.map((item) => item.webkitGetAsEntry?.() ?? item.getAsFile());
  const files = [];
  for (const each of found) {
    if (each instanceof File) files.push(each);
    else if (each) await collect(each, files);
  }
  return files.length ? files : [...transfer.files];
}

async function collect(entry, files) {
  if (entry.isFile) {
    files.push(await new Promise((resolve, reject) => entry.file(resolve, reject)));
    return;
  }
  for (const child of await children(entry.createReader())) await collect(child, files);
}

/** A reader gives at most a hundred entries at a time; an empty answer is the end. */
async function children(reader) {
  const all = [];
  for (;;) {
    const some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    if (!some.length) return all;
    all.push(...some);
  }
}
