/** Folders with their parents, in Node. */

export interface FolderFiles {
  existsSync(path: string): boolean;
  mkdirSync(path: string, options: { mode: number }): void;
}

/**
 * Makes the folder, and those above it that are not there, one by one; the first that cannot be made is the error. The option
 * `recursive` of Node 20 tries again without end where a parent is there and makes nothing, such as /proc.
 */
export function makeFolder(fs: FolderFiles, dirname: (path: string) => string, folder: string, mode = 0o777): void {
  if (fs.existsSync(folder)) return;
  const above = dirname(folder);
  if (above !== folder) makeFolder(fs, dirname, above, mode);
  try {
    fs.mkdirSync(folder, { mode });
  } catch (e) {
    // another process was faster
    if (!fs.existsSync(folder)) throw e;
  }
}
