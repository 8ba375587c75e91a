import { ArrowDown, ArrowUp } from "lucide";
import { html, type TemplateResult } from "lit";

import "../parts/icon.js";

/** Leads to what is out of sight; below the log, so that it lies over nothing that was said. */
export const jumpButton = (way: "up" | "down", words: string, jump: () => void): TemplateResult =>
  html`<div class="leads"><button @click=${jump}>
    <ith-icon .of=${way === "up" ? ArrowUp : ArrowDown}></ith-icon>${words}
  </button></div>`;
