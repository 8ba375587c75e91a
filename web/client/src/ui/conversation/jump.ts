import { ArrowDown, ArrowUp } from "lucide";
import { html, type TemplateResult } from "lit";

import "../parts/icon.js";

/** Leads to what is out of sight. */
export const jumpButton = (way: "up" | "down", words: string, jump: () => void): TemplateResult =>
  html`<button class="latest" @click=${jump}>
    <ith-icon .of=${way === "up" ? ArrowUp : ArrowDown}></ith-icon>${words}
  </button>`;
