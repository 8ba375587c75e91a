/** A message as one reads it: its Markdown as templates, never as markup. Pure. */
import { css, html, nothing, type TemplateResult } from "lit";

import { hostOf, saysWhere } from "./links.js";
import { blocks, type Block, type Inline } from "./markdown.js";

/** No space may stand within what is drawn as it was written (`white-space: pre-wrap`). */
export const prose = (text: string): readonly unknown[] => blocks(text).map(block);

function block(each: Block): TemplateResult {
  switch (each.is) {
    case "text":
      return html`<p class="said" dir="auto">${each.parts.map(inline)}</p>`;
    case "code":
      return html`<pre dir="ltr" tabindex="0"><code>${each.text}</code></pre>`;
    case "quote":
      return html`<blockquote dir="auto">${each.blocks.map(block)}</blockquote>`;
    case "list": {
      const items = each.items.map((item) => html`<li dir="auto">${item.map(block)}</li>`);
      return each.from === null
        ? html`<ul class="points">${items}</ul>`
        : html`<ol class="points" start=${each.from}>${items}</ol>`;
    }
  }
}

function inline(part: Inline): unknown {
  switch (part.is) {
    case "text":
      return part.text;
    case "code":
      return html`<code>${part.text}</code>`;
    case "strong":
      return html`<strong>${part.parts.map(inline)}</strong>`;
    case "em":
      return html`<em>${part.parts.map(inline)}</em>`;
    case "link": {
      // Each opens in a tab that knows nothing of this one; words do not hide where it leads.
      const host = part.named && !saysWhere(part.text, part.href) ? hostOf(part.href) : "";
      return html`<a
        href=${part.href}
        dir=${part.named ? "auto" : "ltr"}
        target="_blank"
        rel="noopener noreferrer nofollow"
        >${part.text}</a
      >${host ? html` <bdi class="soft">(${host})</bdi>` : nothing}`;
    }
  }
}

export const proseStyles = css`
  .said {
    white-space: pre-wrap;
  }
  pre,
  blockquote {
    margin: 4px 0;
  }
  pre {
    padding: 8px;
    border-radius: 6px;
    background: color-mix(in oklab, var(--ink) 6%, transparent);
    overflow-x: auto;
    font-size: var(--small);
    tab-size: 4;
  }
  code {
    font-family: ui-monospace, "Cascadia Mono", Menlo, Consolas, monospace;
    font-size: 0.93em;
  }
  :not(pre) > code {
    padding: 1px 4px;
    border-radius: 4px;
    background: color-mix(in oklab, var(--ink) 6%, transparent);
    white-space: pre-wrap;
  }
  blockquote {
    padding-inline-start: 10px;
    border-inline-start: 3px solid var(--edge);
  }
  .points {
    padding-inline-start: 22px;
    list-style: disc;
  }
  ol.points {
    list-style: decimal;
  }
`;
