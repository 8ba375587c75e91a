import { html, nothing, type TemplateResult } from "lit";

/** What happened, what it means, what to do: two sentences at most and one action. */
export function notice(
  words: { readonly what: string; readonly advice?: string },
  action?: TemplateResult,
): TemplateResult {
  return html`
    <div class="notice" role="status">
      <p>${words.what}${words.advice ? html` <span class="soft">${words.advice}</span>` : nothing}</p>
      ${action ?? nothing}
    </div>
  `;
}
