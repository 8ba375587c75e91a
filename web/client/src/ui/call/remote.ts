import { LitElement, css, html, nothing, type PropertyValues } from "lit";
import { customElement, property, query, state } from "lit/decorators.js";

import type { RemotePeer } from "../../lib/model.js";
import { base } from "../base.js";
import "../parts/avatar.js";
import { named, stop } from "../words/time.js";
import { fitOf, isStale } from "../words/call.js";

type Sink = HTMLVideoElement & { setSinkId?: (id: string) => Promise<void> };

/** The other, large: their picture, or their name where there is none; their sound in any case.
 * `blocked` (event): the browser wants a click before it plays sound; then call `unblock`. */
@customElement("ith-remote")
export class Remote extends LitElement {
  static override styles = [
    base,
    css`
      :host {
        position: absolute;
        inset: 0;
      }
      video {
        position: absolute;
        inset: 0;
        width: 100%;
        height: 100%;
      }
      .cover {
        object-fit: cover;
      }
      .contain {
        object-fit: contain;
      }
      /* What one sees is past: it must not look like now. */
      .stale {
        filter: grayscale(0.7) brightness(0.45) blur(3px);
      }
      .name {
        position: absolute; /* over the picture: its sound goes on, and its first frame is not held up */
        inset: 0;
        display: grid;
        gap: 16px;
        place-content: center;
        justify-items: center;
        background: var(--stage);
        padding: 16px;
        text-align: center;
        --avatar: 96px;
      }
    `,
  ];
  @property({ attribute: false }) peer!: RemotePeer;
  @property() name = "";
  @property() speakers: string | null = null;
  @state() private fit: "cover" | "contain" = "cover";
  @state() private painted = false;
  @query("video") private video!: Sink;
  private readonly resized = new ResizeObserver(() => this.measure());

  override connectedCallback(): void {
    super.connectedCallback();
    this.resized.observe(this);
  }

  override disconnectedCallback(): void {
    this.resized.disconnect();
    super.disconnectedCallback();
  }

  override render(): unknown {
    const seen = this.peer.video && this.painted;
    return html`
      <video
        class="${this.fit} ${isStale(this.peer) ? "stale" : ""}"
        data-peer=${this.peer.id}
        autoplay
        playsinline
        aria-label="Picture of ${this.name}"
        @resize=${this.measure}
        @emptied=${this.measure}
        @playing=${this.measure}
      ></video>
      ${
        seen
          ? nothing
          : html`<div class="name">
            <ith-avatar .name=${this.name}></ith-avatar>
            <p dir="auto">${this.name}</p>
            ${
              this.peer.media === "connected" && !this.peer.video
                ? html`<p class="small soft">${stop(`No picture from ${named(this.name)}`)}</p>`
                : nothing
            }
          </div>`
      }
    `;
  }

  protected override updated(changed: PropertyValues<this>): void {
    const { video } = this;
    if (video.srcObject !== this.peer.stream) {
      video.srcObject = this.peer.stream;
      void this.play();
    }
    if (changed.has("speakers") && this.speakers) {
      // A device that is gone: the browser's own choice stays.
      video.setSinkId?.(this.speakers).catch(() => undefined);
    }
  }

  /** After a click: with sound. */
  unblock(): void {
    this.video.muted = false;
    void this.play();
  }

  private async play(): Promise<void> {
    const { video } = this;
    try {
      await video.play();
    } catch (error) {
      if (!(error instanceof DOMException) || error.name !== "NotAllowedError" || video.muted)
        return;
      video.muted = true; // the picture at least
      this.dispatchEvent(new Event("blocked"));
      void this.play();
    }
  }

  private measure(): void {
    const { videoWidth, videoHeight } = this.video ?? {};
    this.painted = Boolean(videoWidth && videoHeight);
    if (!videoWidth || !videoHeight || !this.clientHeight) return;
    this.fit = fitOf(videoWidth / videoHeight, this.clientWidth / this.clientHeight);
  }
}
