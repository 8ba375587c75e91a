import { LitElement, css, html, nothing, svg } from "lit";
import { customElement, property, state } from "lit/decorators.js";

import type { SessionAccount } from "../../protocol/types.js";
import { base, controls } from "../base.js";
import { clocks, countsWords, happened, lengthOf, pieceWords, silentWords, theirClocks } from "../words/account.js";
import type { Pair } from "../words/people.js";
import { aheadUs, cityOf, clock, exact, named, timeIn } from "../words/time.js";
import type { Piece } from "./counting.js";
import { drawingOf, pieceAt, type Box, type Drawing, type LaneDrawn } from "./drawing.js";

const MEANINGS = {
  present: "in the room",
  contact: "both, proven",
  unknown: "both, not proven",
  impaired: "both, no sound or picture",
  bridged: "short gap, counted",
  gap: "away",
  inferred: "may still have been there",
  proof: "signed by the other's page",
  booked: "booked time",
} as const;
const HOW = matchMedia("(hover: hover)").matches
  ? "Point at a stretch, or go through them with the arrow keys."
  : "Tap a stretch to read what it was.";
type Meaning = keyof typeof MEANINGS;

/** Both presences over one time, drawn; each stretch in words, by pointer, finger or arrow keys; and
 * all of them as a table, which is always there for screen readers and on paper. */
@customElement("ith-timeline")
export class Timeline extends LitElement {
  static override styles = [
    base,
    controls,
    css`
      :host {
        display: grid;
        grid-template-columns: minmax(0, 1fr);
        gap: 12px;
      }
      .chart {
        display: grid;
        grid-template-columns: minmax(0, 1fr);
        gap: 4px;
        border-radius: 4px;
        cursor: crosshair;
        touch-action: pan-y;
      }
      .label {
        display: flex;
        justify-content: space-between;
        gap: 12px;
      }
      .label bdi {
        overflow: hidden;
        text-overflow: ellipsis;
        white-space: nowrap;
      }
      .label span {
        flex: none;
      }
      svg {
        display: block;
        width: 100%;
        overflow: visible;
      }
      .lanes {
        height: 5.5rem;
      }
      .axis {
        height: 1.1rem;
        fill: var(--ink-soft);
        font-size: var(--small);
        font-variant-numeric: tabular-nums;
      }
      .axis.two {
        height: 2.3rem;
      }
      /* Places down the page, in rem, so that they grow with the text. */
      .row0 {
        y: 0.25rem;
        height: 1.25rem;
      }
      .row1 {
        y: 2rem;
        height: 1.5rem;
      }
      .row2 {
        y: 4rem;
        height: 1.25rem;
      }
      .proof0 {
        y: 1.55rem;
        height: 3px;
      }
      .proof2 {
        y: calc(3.95rem - 3px);
        height: 3px;
      }
      .dot0 {
        cy: calc(1.55rem + 1.5px);
      }
      .dot2 {
        cy: calc(3.95rem - 1.5px);
      }
      .all {
        y: 0;
        height: 100%;
      }
      .booked {
        fill: var(--sea-soft);
        stroke: var(--sea);
        stroke-dasharray: 3 3;
      }
      .tick {
        stroke: var(--line);
      }
      .present {
        fill: color-mix(in oklab, var(--sea) 75%, var(--surface));
      }
      .contact {
        fill: var(--olive);
      }
      .proof {
        fill: var(--ink);
      }
      .gap {
        fill: url(#hatch);
        stroke: var(--edge);
        stroke-width: 0.5;
      }
      .inferred {
        fill: var(--surface);
        stroke: var(--sea);
        stroke-width: 1.5;
        stroke-dasharray: 2 2;
      }
      .unknown {
        fill: url(#dots);
        stroke: var(--amber);
      }
      .impaired {
        fill: url(#stripes);
        stroke: var(--clay);
      }
      .bridged {
        fill: var(--surface);
        stroke: var(--olive);
        stroke-width: 1.5;
      }
      .hatch {
        stroke: var(--edge);
        stroke-width: 1.5;
      }
      .dots {
        fill: var(--amber);
      }
      .stripes {
        stroke: var(--clay);
        stroke-width: 2.5;
      }
      .chosen {
        fill: none;
        stroke: var(--ink);
        stroke-width: 2;
      }
      .words.read {
        min-height: 4.5em; /* what is below keeps still while one reads along */
      }
      .words {
        padding-inline-start: 12px;
        border-inline-start: 3px solid var(--line);
      }
      .words p + p {
        color: var(--ink-soft);
        font-size: var(--small);
      }
      .legend {
        display: flex;
        flex-wrap: wrap;
        gap: 4px 16px;
        color: var(--ink-soft);
        font-size: var(--small);
      }
      .legend li {
        display: flex;
        gap: 6px;
        align-items: center;
      }
      .legend svg {
        flex: none;
        width: 20px;
        height: 12px;
      }
      .legend svg * {
        y: 1px;
        height: 10px;
      }
      .legend svg .proof {
        y: 4.5px;
        height: 3px;
      }
      table {
        width: 100%;
        border-collapse: collapse;
        font-size: var(--small);
      }
      caption {
        padding-block: 8px;
        color: var(--ink-soft);
        text-align: start;
      }
      th,
      td {
        padding: 6px 8px 6px 0;
        border-block-end: 1px solid var(--line);
        text-align: start;
        vertical-align: top;
        overflow-wrap: break-word;
      }
      th {
        font-weight: 600;
      }
      td:nth-child(2) {
        white-space: nowrap;
      }
      @media (min-width: 600px) {
        td:first-child {
          padding-inline-end: 16px;
          white-space: nowrap;
        }
      }
      .show {
        justify-self: start;
        margin: -8px 0 -12px -17px; /* its words stand in line with the rest */
      }
      .chart,
      .legend {
        print-color-adjust: exact;
      }
      @media print {
        .show,
        .words {
          display: none;
        }
        .hidden {
          position: static;
          width: auto;
          height: auto;
          margin: 0;
          overflow: visible;
          clip-path: none;
          white-space: normal;
        }
        tr {
          break-inside: avoid;
        }
      }
    `,
  ];
  @property({ attribute: false }) account!: SessionAccount;
  @property({ attribute: false }) pair!: Pair;
  @property({ attribute: false }) nowUs = 0;
  @state() private pointed = -1;
  @state() private chosen = -1;
  @state() private listed = false;
  private read = false; // one has begun to
  private drawing!: Drawing;

  override render(): unknown {
    const { account, pair, nowUs } = this;
    const zone = pair.me.zone;
    this.drawing = drawingOf(account, pair.mentor, nowUs, aheadUs(zone, account.created_us));
    const { pieces } = this.drawing;
    return html`
      ${pieces.length ? [this.slider(this.picture()), this.explained()] : this.picture()}
      ${this.legend()} ${pieces.length ? this.table() : nothing}
    `;
  }

  private slider(picture: unknown): unknown {
    const { pieces } = this.drawing;
    const at = Math.max(0, this.chosen);
    return html`
      <div
        class="chart"
        tabindex="0"
        role="slider"
        aria-label="Stretches of the session"
        aria-valuemin="1"
        aria-valuemax=${pieces.length}
        aria-valuenow=${at + 1}
        aria-valuetext=${this.say(pieces[Math.min(at, pieces.length - 1)]!.piece)}
        @focus=${() => (this.chosen = at)}
        @keydown=${this.moved}
        @pointermove=${this.hovered}
        @pointerleave=${() => (this.pointed = -1)}
        @click=${this.tapped}
      >
        ${picture}
      </div>
    `;
  }

  // ---- the picture -------------------------------------------------------------------------------

  private picture(): unknown {
    const { lanes, pieces, booked, ticks } = this.drawing;
    const shown = pieces[this.pointed >= 0 ? this.pointed : this.chosen];
    return html`
      ${this.label(lanes[0])}
      <svg class="lanes" aria-hidden="true">
        ${patterns}
        ${booked ? this.rect(booked, "all booked") : nothing}
        ${ticks.map(({ x }) => svg`<line class="tick" x1=${pct(x)} x2=${pct(x)} y1="0" y2="100%" />`)}
        ${lanes.map((lane, i) => this.lane(lane, i * 2))}
        ${pieces.map((box) => (kindOf(box.piece) ? this.rect(box, `row1 ${kindOf(box.piece)}`) : nothing))}
        ${shown ? this.rect(shown, "all chosen") : nothing}
      </svg>
      ${this.label(lanes[1])} ${this.axis()}
    `;
  }

  private label(lane: LaneDrawn | undefined): unknown {
    if (!lane) return nothing;
    const { me, other, mentor } = this.pair;
    const name = lane.person === me.id ? "You" : other.name;
    return html`
      <div class="label small" aria-hidden="true">
        <bdi>${name}</bdi><span class="soft">${lane.person === mentor ? "mentor" : "mentee"}</span>
      </div>
    `;
  }

  private lane({ spans, gaps, inferred, proofs }: LaneDrawn, row: number): unknown {
    return svg`
      ${gaps.map((box) => this.rect(box, `row${row} gap`))}
      ${inferred.map((box) => this.rect(box, `row${row} inferred`))}
      ${spans.map((box) => this.rect(box, `row${row} present`))}
      ${proofs.map(
        (box) => svg`
          ${this.rect(box, `proof${row} proof`)}
          <circle class="proof dot${row}" cx=${pct(box.x)} r="3.5" />
          <circle class="proof dot${row}" cx=${pct(box.x + box.width)} r="3.5" />
        `,
      )}
    `;
  }

  private rect({ x, width }: Box, name: string): unknown {
    return svg`<rect class=${name} x=${pct(x)} width=${pct(width)} />`;
  }

  private axis(): unknown {
    const { ticks, seconds } = this.drawing;
    const { me, other } = this.pair;
    const reads = (zone: string, us: number): string =>
      seconds ? clock(zone, us) : timeIn(zone, us);
    const two = ticks.some(({ us }) => timeIn(me.zone, us) !== timeIn(other.zone, us));
    const row = (zone: string, y: string): unknown =>
      ticks.map(
        ({ x, us }) => svg`<text x=${pct(x)} y=${y} text-anchor=${anchorAt(x)}>${reads(zone, us)}</text>`,
      );
    return html`
      <svg class="axis ${two ? "two" : ""}" aria-hidden="true">
        ${row(me.zone, "0.85rem")} ${two ? row(other.zone, "2.05rem") : nothing}
      </svg>
      ${
        two
          ? html`<p class="small soft" aria-hidden="true">
            Above ${cityOf(me.zone)}, below ${cityOf(other.zone)}
          </p>`
          : nothing
      }
    `;
  }

  /** What of it there is to see here. */
  private legend(): unknown {
    const { lanes, pieces, booked } = this.drawing;
    const any = (of: (lane: LaneDrawn) => readonly Box[]): boolean =>
      lanes.some((lane) => of(lane).length > 0);
    const kinds = new Set<string>(pieces.map(({ piece }) => kindOf(piece)));
    const there: Record<Meaning, boolean> = {
      present: any(({ spans }) => spans),
      contact: kinds.has("contact"),
      unknown: kinds.has("unknown"),
      impaired: kinds.has("impaired"),
      bridged: kinds.has("bridged"),
      gap: any(({ gaps }) => gaps),
      inferred: any(({ inferred }) => inferred),
      proof: any(({ proofs }) => proofs),
      booked: booked !== null,
    };
    return html`
      <ul class="legend" aria-hidden="true">
        ${(Object.keys(MEANINGS) as Meaning[])
          .filter((meaning) => there[meaning])
          .map(
            (meaning) => html`
              <li>
                <svg>${svg`<rect class=${meaning} x="1" width="18" />`}</svg>${MEANINGS[meaning]}
              </li>
            `,
          )}
      </ul>
    `;
  }

  // ---- in words ----------------------------------------------------------------------------------

  private explained(): unknown {
    const { pieces } = this.drawing;
    const box = pieces[this.pointed >= 0 ? this.pointed : this.chosen];
    this.read ||= box !== undefined;
    return html`
      <div class="words ${this.read ? "read" : ""}" aria-hidden="true">
        ${
          box
            ? html`<p>${this.say(box.piece)}</p>
              <p>${theirClocks(box.piece.from_us, box.piece.to_us, this.pair)}</p>`
            : html`<p class="soft">${HOW}</p>`
        }
      </div>
    `;
  }

  private say(piece: Piece): string {
    return pieceWords(piece, this.account, this.pair);
  }

  private table(): unknown {
    const { me, other } = this.pair;
    return html`
      <button class="plain small show" @click=${() => (this.listed = !this.listed)}>
        ${this.listed ? "Hide the list" : "All stretches"}
      </button>
      <div class=${this.listed ? "" : "hidden"}>
        <table>
          <caption>
            All stretches, by the clock in ${cityOf(me.zone)}${
              me.zone === other.zone ? "" : `, and below by that of ${named(other.name)}`
            }
          </caption>
          <thead>
            <tr>
              <th scope="col">Time</th>
              <th scope="col">Length</th>
              <th scope="col">What happened</th>
            </tr>
          </thead>
          <tbody>
            ${this.drawing.pieces.map(({ piece }) => this.tableRow(piece))}
          </tbody>
        </table>
      </div>
    `;
  }

  private tableRow(piece: Piece): unknown {
    const { account, pair } = this;
    const { from_us, to_us } = piece;
    const what = [happened(piece, account, pair), countsWords(piece, account)];
    const silent = silentWords(piece, pair);
    return html`
      <tr>
        <td>
          <time title=${exact(pair.me.zone, from_us)}>${clocks(pair.me.zone, from_us, to_us)}</time>
          <div class="soft number">${theirClocks(from_us, to_us, pair).replace(/ for .*/, "")}</div>
        </td>
        <td class="number">${lengthOf(piece)}</td>
        <td>
          ${sentence(what.filter(Boolean).join("; "))}
          ${silent ? html`<div class="soft">${silent}</div>` : nothing}
        </td>
      </tr>
    `;
  }

  // ---- by hand -----------------------------------------------------------------------------------

  private placeOf(event: PointerEvent | MouseEvent): number {
    const { left, width } = (event.currentTarget as HTMLElement).getBoundingClientRect();
    return pieceAt(this.drawing, (event.clientX - left) / Math.max(1, width));
  }

  private hovered(event: PointerEvent): void {
    if (event.pointerType === "mouse") this.pointed = this.placeOf(event);
  }

  private tapped(event: MouseEvent): void {
    this.chosen = this.placeOf(event);
  }

  private moved(event: KeyboardEvent): void {
    const last = this.drawing.pieces.length - 1;
    const at = Math.max(0, this.chosen);
    const to = {
      ArrowRight: at + 1,
      ArrowDown: at + 1,
      ArrowLeft: at - 1,
      ArrowUp: at - 1,
      Home: 0,
      End: last,
    }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    this.chosen = Math.min(last, Math.max(0, to));
    this.pointed = -1;
  }
}

const pct = (part: number): string => `${(part * 100).toFixed(3)}%`;
const anchorAt = (x: number): string => (x < 0.06 ? "start" : x > 0.94 ? "end" : "middle");

/** How a stretch is drawn between the lanes; those in which nobody met are left empty. */
const kindOf = (piece: Piece): Meaning | "" =>
  piece.kind === "together"
    ? (piece.state as "contact" | "unknown" | "impaired")
    : piece.bridged
      ? "bridged"
      : "";

const sentence = (words: string): string =>
  `${words[0]?.toLocaleUpperCase("en") ?? ""}${words.slice(1)}`;

const patterns = svg`
  <defs>
    <pattern id="hatch" width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
      <line class="hatch" x1="0" y1="0" x2="0" y2="5" />
    </pattern>
    <pattern id="dots" width="5" height="5" patternUnits="userSpaceOnUse">
      <circle class="dots" cx="2.5" cy="2.5" r="1.6" />
    </pattern>
    <pattern id="stripes" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(-45)">
      <line class="stripes" x1="0" y1="0" x2="0" y2="6" />
    </pattern>
  </defs>
`;
