/** What is said around the log of its loading, of a jump that failed, of the connection. */
import { html, nothing, type TemplateResult } from "lit";

import type { AppState, Trouble } from "../../lib/model.js";
import { notice } from "../parts/notice.js";
import { RESTORED } from "../words/chat.js";
import { awayWords, isAway } from "../words/link.js";

export type Way = "older" | "newer";

export const loadLine = (which: Way, failed: boolean, again: () => void): TemplateResult =>
  failed
    ? html`<p class="small soft row load">
        ${which === "older" ? "Older" : "Newer"} messages did not load.
        <button class="plain" @click=${again}>Try again</button>
      </p>`
    : html`<p class="small soft late load">Loading ${which} messages…</p>`;

/** Of a server that was put back to an earlier state; `heed`: one has read it. */
export const restoredNotice = (heed: () => void): TemplateResult =>
  notice(RESTORED, html`<button @click=${heed}>Understood</button>`);

export const notices = ({ link, hasNetwork }: AppState, trouble: Trouble | null): TemplateResult => html`
  ${
    trouble
      ? html`<div class="notice small" role="alert">
          <p>${trouble.what} <span class="soft">${trouble.advice}</span></p>
        </div>`
      : nothing
  }
  ${
    isAway(link)
      ? html`<div class="notice late small" role="status">
          <p>${awayWords(hasNetwork)} What you write is kept and goes out by itself.</p>
        </div>`
      : nothing
  }
`;
