/* What a folder holds beside pictures: files of systems and other programs. The page's form names them. */

const MAX_NAMED = 3;

export class LeftOut {
  constructor(form) {
    const read = (name) => form.dataset[name].split("/");
    this.names = new Set(read("leftOutNames"));
    this.prefixes = read("leftOutPrefixes");
    this.suffixes = read("leftOutSuffixes");
    this.systemCount = 0;
    this.otherCount = 0;
    this.otherNames = [];
  }

  /** Return the files to upload, and count the others. A file that was selected by itself is always uploaded. */
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

  /** Return a sentence for each kind that was left out. */
  describe(getMessage) {
    const names = this.otherNames.join(", ") + (this.otherCount > MAX_NAMED ? ", …" : "");
    return [
      this.otherCount && getMessage("left-out", { count: this.otherCount, names }),
      this.systemCount && getMessage("left-out-system", { count: this.systemCount }),
    ].filter(Boolean);
  }
}
