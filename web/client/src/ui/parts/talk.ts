import { LitElement, css, html, nothing, svg } from "lit";
import { customElement, property } from "lit/decorators.js";

import type { TalkView } from "../../protocol/types.js";
import { base, controls } from "../base.js";
import { percent, sharesOf, talkWords, trendWords } from "../words/reflection.js";
import { named } from "../words/time.js";

const BAR = 8; // width of a talk in the drawing of the last ones
const STEP = 12;
const GAP = 0.4; // percent

/** Who spoke how much, for one's own eyes: a sentence and a slim bar; how it went over the last
 * talks. The drawings say nothing that the words do not. */
@customElement("ith-talk")
export class Talk extends LitElement {
  static override styles = [
    base,
    controls,
    css`
      :host {
        display: contents; /* what is not there takes no room */
      }
      section {
        display: grid;
        grid-template-columns: minmax(0, 1fr);
        gap: 8px;
      }
      svg {
        display: block;
      }
      .bar {
        width: 100%;
        height: 10px;
      }
      .trend {
        height: 40px;
      }
      .mine {
        fill: var(--sea);
      }
      .silence {
        fill: var(--surface);
        stroke: var(--edge);
        stroke-width: 1px;
        vector-effect: non-scaling-stroke;
      }
      .theirs {
        fill: var(--edge);
      }
      .both {
        fill: var(--olive);
      }
      .before {
        fill: color-mix(in oklab, var(--sea) 55%, var(--surface));
      }
      .whole {
        fill: var(--line);
      }
      .key {
        display: flex;
        flex-wrap: wrap;
        gap: 4px 16px;
      }
      .key span {
        display: inline-flex;
        gap: 6px;
        align-items: center;
      }
      .key svg {
        width: 10px;
        height: 10px;
      }
    `,
  ];
  @property({ attribute: false }) talk!: TalkView;
  @property() other = "";

  override render(): unknown {
    const words = talkWords(this.talk, this.other);
    if (!words) return nothing;
    const shares = sharesOf(this.talk);
    const name = named(this.other);
    const parts = [
      ["mine", "you alone"],
      ["both", "both at once"],
      ["theirs", `${name} alone`],
      ["silence", "silence"],
    ] as const;
    let x = 0;
    const trend = trendWords(this.talk);
    return html`
      <section class="card" aria-labelledby="balance">
        <h2 id="balance">Who spoke</h2>
        <p>${words}</p>
        <svg class="bar" viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">
          ${parts.map(([part]) => {
            const from = x;
            x += shares[part];
            const width = Math.max(0, shares[part] - GAP); // one sees where each ends
            return svg`<rect class=${part} x=${from} width=${width} height="10"></rect>`;
          })}
        </svg>
        <p class="small soft key" aria-hidden="true">
          ${parts.filter(([part]) => shares[part] > 0).map(([part, words]) => key(part, words))}
        </p>
        ${trend ? html`<p>${trend}</p>${this.trend()}` : nothing}
        <p class="small soft">Measured by your two pages, and shown to each of you alone.</p>
      </section>
    `;
  }

  private trend(): unknown {
    const { trend, session } = this.talk;
    const width = trend.length * STEP - (STEP - BAR);
    return html`<svg class="trend" viewBox="0 0 ${width} 40" aria-hidden="true">
      ${trend.map((each, i) => {
        const height = Math.max(1, (percent(each.speaking_us, each.both_us) * 40) / 100);
        const name = each.session === session ? "mine" : "before";
        return svg`<rect class="whole" x=${i * STEP} y="0" width=${BAR} height="40"></rect>
          <rect class=${name} x=${i * STEP} y=${40 - height} width=${BAR} height=${height}></rect>`;
      })}
    </svg>
    <p class="small soft key" aria-hidden="true">
      Each bar a talk: ${key("mine", "you, in this one")} ${key("before", "you, in the others")}
    </p>`;
  }
}

const key = (name: string, words: string): unknown => html`
  <span><svg viewBox="0 0 10 10"><rect class=${name} width="10" height="10"></rect></svg>${words}</span>
`;
