/** A message as one reads it: its Markdown as templates, never as markup. Pure. */
import { css, html, nothing, type TemplateResult } from "lit";

import { hostOf, saysWhere } from "./links.js";
import { marked } from "./found.js";
import { blocks, directionOf, type Block, type Inline } from "./markdown.js";

/** How bare text is drawn. */
type Draw = (text: string) => unknown;

/** With the words that were looked for marked. No space may stand within what is drawn as it was written
 * (`white-space: pre-wrap`). */
export function prose(text: string, words = ""): readonly unknown[] {
  const draw: Draw = (piece) =>
    marked(piece, words).map((each) => (each.found ? html`<mark>${each.text}</mark>` : each.text));
  return blocks(text).map((each) => block(each, words ? draw : String));
}

function block(each: Block, draw: Draw): TemplateResult {
  const within = (list: readonly Block[]): unknown[] => list.map((inner) => block(inner, draw));
  switch (each.is) {
    case "text":
      return html`<p class="said" dir="auto">${each.parts.map((part) => inline(part, draw))}</p>`;
    case "code":
      return html`<pre dir="ltr" tabindex="0"><code>${draw(each.text)}</code></pre>`;
    case "quote":
      return html`<blockquote dir=${directionOf([each]) ?? nothing}>${within(each.blocks)}</blockquote>`;
    case "list": {
      const items = each.items.map((item) => html`<li>${within(item)}</li>`);
      const dir = directionOf([each]) ?? nothing; // bullets and numbers stand on one side
      return each.from === null
        ? html`<ul class="points" dir=${dir}>${items}</ul>`
        : html`<ol class="points" dir=${dir} start=${each.from}>${items}</ol>`;
    }
  }
}

function inline(part: Inline, draw: Draw): unknown {
  const within = (parts: readonly Inline[]): unknown[] => parts.map((inner) => inline(inner, draw));
  switch (part.is) {
    case "text":
      return draw(part.text);
    case "code":
      return html`<code>${draw(part.text)}</code>`;
    case "strong":
      return html`<strong>${within(part.parts)}</strong>`;
    case "em":
      return html`<em>${within(part.parts)}</em>`;
    case "link": {
      // Each opens in a tab that knows nothing of this one; words do not hide where it leads.
      const host = !saysWhere(part.text, part.href) ? hostOf(part.href) : "";
      return html`<a
        href=${part.href}
        dir=${part.named ? "auto" : "ltr"}
        target="_blank"
        rel="noopener noreferrer nofollow"
        >${draw(part.text)}</a
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
  [dir="rtl"] > .said,
  [dir="rtl"] > li > .said {
    text-align: right; /* on the side of its bullet, or of the bar */
  }
  [dir="ltr"] > .said,
  [dir="ltr"] > li > .said {
    text-align: left;
  }
  mark {
    border-radius: 2px;
    background: color-mix(in oklab, var(--amber) 35%, transparent);
    color: inherit;
  }
  .points {
    padding-inline-start: 22px;
    list-style: disc;
  }
  ol.points {
    list-style: decimal;
  }
`;
