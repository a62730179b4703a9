/* Files of a folder that are not uploaded: system files, and files of other programs. The upload tray lists their names. */

import { getMessage } from "./messages.js";

const MAX_NAMED = 3;

export class SkippedFiles {
  constructor(tray) {
    const read = (name) => tray.dataset[name].split("/");
    this.names = new Set(read("skippedNames"));
    this.prefixes = read("skippedPrefixes");
    this.suffixes = read("skippedSuffixes");
    this.systemCount = 0;
    this.otherCount = 0;
    this.otherNames = [];
  }

  /** Return the files to upload, and count the others. A file that was not selected as part of a folder is kept. */
  filter(files) {
    return files.filter((file) => {
      const parts = (file.webkitRelativePath || "").split("/");
      if (parts.length < 2) return true;
      if (parts.some((part) => this.isSystemName(part))) {
        this.systemCount += 1;
        return false;
      }
      if (!this.suffixes.some((suffix) => file.name.toLowerCase().endsWith(suffix))) return true;
      this.otherCount += 1;
      if (this.otherNames.length < MAX_NAMED) this.otherNames.push(file.name);
      return false;
    });
  }

  isSystemName(name) {
    return this.prefixes.some((prefix) => name.startsWith(prefix)) || this.names.has(name.trim().toLowerCase());
  }

  /** Return a sentence for each kind that was skipped. */
  describe() {
    const names = this.otherNames.join(", ") + (this.otherCount > MAX_NAMED ? ", …" : "");
    return [
      this.otherCount && getMessage("skipped", { count: this.otherCount, names }),
      this.systemCount && getMessage("skipped-system", { count: this.systemCount }),
    ].filter(Boolean);
  }
}
