import { EyeOff } from "lucide";
import { LitElement, css, html } from "lit";
import { customElement, property, query, state } from "lit/decorators.js";

import { base, controls } from "../base.js";
import "../parts/icon.js";

const ACROSS = ["start", "end"] as const;
const DOWN = ["top", "bottom"] as const;

/** Oneself, small, in one of the four corners: dragged there, moved by the arrow keys, or hidden. */
@customElement("ith-self-view")
export class SelfView extends LitElement {
  static override styles = [
    base,
    controls,
    css`
      :host {
        --gap: 16px;
        position: absolute;
        z-index: 1;
        inset-block-end: calc(var(--bar) + var(--gap));
        inset-inline-end: var(--gap);
      }
      :host([down="top"]) {
        inset-block: calc(48px + var(--gap)) auto;
      }
      :host([across="start"]) {
        inset-inline: var(--gap) auto;
      }
      .card {
        position: relative;
        display: grid;
        place-items: center;
        width: clamp(104px, 20vw, 208px);
        aspect-ratio: 4 / 3;
        overflow: hidden;
        padding: 0;
        cursor: grab;
        touch-action: none;
      }
      .card:active {
        cursor: grabbing;
      }
      video {
        position: absolute;
        inset: 0;
        width: 100%;
        height: 100%;
        object-fit: cover;
        transform: scaleX(-1);
      }
      .lack {
        text-align: center;
      }
      .hide {
        position: absolute;
        inset-block-start: 0;
        inset-inline-end: 0;
        border: 0;
        background: none;
        color: oklch(100% 0 0);
        filter: drop-shadow(0 0 2px oklch(0% 0 0));
        opacity: 0;
        padding: 8px;
      }
      .hide:focus-visible {
        outline-offset: -2px; /* the card cuts off what is around it */
      }
      .card:hover .hide,
      .card:focus-within .hide {
        opacity: 1;
      }
      @media (hover: none) {
        .hide {
          opacity: 1;
        }
      }
    `,
  ];
  @property({ attribute: false }) stream: MediaStream | null = null;
  @property({ type: Boolean }) on = false;
  @property() lack = "Camera off"; // what is said where there is no picture
  @property({ reflect: true }) across: (typeof ACROSS)[number] = "end";
  @property({ reflect: true }) down: (typeof DOWN)[number] = "bottom";
  @state() private away = false;
  @query("video") private video!: HTMLVideoElement | null;
  @query(".card") private card!: HTMLElement;
  private from: { readonly x: number; readonly y: number } | null = null;

  override render(): unknown {
    if (this.away) {
      return html`<button @click=${() => (this.away = false)}>Show your picture</button>`;
    }
    return html`
      <div
        class="card"
        role="group"
        tabindex="0"
        aria-label="Your picture. The arrow keys move it."
        @pointerdown=${this.grab}
        @pointermove=${this.drag}
        @pointerup=${this.drop}
        @pointercancel=${this.drop}
        @keydown=${this.keydown}
      >
        ${
          this.on && this.stream
            ? html`<video data-self autoplay playsinline .muted=${true} aria-label="Your picture"></video>`
            : html`<p class="small soft lack">${this.lack}</p>`
        }
        <button class="hide" aria-label="Hide your picture" @click=${() => (this.away = true)}>
          <ith-icon .of=${EyeOff}></ith-icon>
        </button>
      </div>
    `;
  }

  protected override updated(): void {
    if (this.video && this.video.srcObject !== this.stream) this.video.srcObject = this.stream;
  }

  private grab(event: PointerEvent): void {
    if ((event.target as Element).closest("button")) return;
    this.from = { x: event.clientX, y: event.clientY };
    this.card.setPointerCapture(event.pointerId);
  }

  private drag(event: PointerEvent): void {
    if (!this.from) return;
    const { x, y } = this.from;
    this.card.style.transform = `translate(${event.clientX - x}px, ${event.clientY - y}px)`;
  }

  /** To the corner nearest to where it was let go. */
  private drop(): void {
    if (!this.from) return;
    const stage = (this.offsetParent ?? document.body).getBoundingClientRect();
    const card = this.card.getBoundingClientRect();
    this.from = null;
    this.card.style.transform = "";
    this.across = card.x + card.width / 2 < stage.x + stage.width / 2 ? "start" : "end";
    this.down = card.y + card.height / 2 < stage.y + stage.height / 2 ? "top" : "bottom";
  }

  private keydown(event: KeyboardEvent): void {
    switch (event.key) {
      case "ArrowLeft":
        this.across = "start";
        break;
      case "ArrowRight":
        this.across = "end";
        break;
      case "ArrowUp":
        this.down = "top";
        break;
      case "ArrowDown":
        this.down = "bottom";
        break;
      default:
        return;
    }
    event.preventDefault();
  }
}
