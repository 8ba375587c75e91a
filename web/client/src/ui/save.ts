import type { Download } from "../lib/model.js";

/** Hands a file to the browser, as if a link to it had been followed: those that are asked for with a
 * grant have no address of their own. */
export function save({ blob, name }: Download): void {
  const url = URL.createObjectURL(blob);
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
