import { MessageSquare, PhoneOff, Settings2, Volume2 } from "lucide";
import { css, html, nothing, type PropertyValues } from "lit";
import { customElement, property, query, state } from "lit/decorators.js";

import { Refused, type AppState, type CallState } from "../../lib/model.js";
import { base, controls } from "../base.js";
import { AppElement, Media, Ticking, WIDE } from "../element.js";
import "../parts/avatar.js";
import "../parts/devices.js";
import "../parts/icon.js";
import "../parts/sheet.js";
import "../parts/side.js";
import { notice } from "../parts/notice.js";
import { switches } from "../parts/switches.js";
import type { BookedWords } from "../words/booked.js";
import { callWords, isLost, mainPeer, type CallWords } from "../words/call.js";
import { deviceTroubles, lackWords, problemOf, type DeviceWords } from "../words/devices.js";
import { otherOf } from "../words/people.js";
import { twoOf } from "../words/terms.js";
import { count, named } from "../words/time.js";
import { Booked } from "./booked.js";
import type { Remote } from "./remote.js";
import "./remote.js";
import "./self-view.js";
import { shown, type Shown } from "./timer.js";

type Device = "microphone" | "camera";

const REST_MS = 3000; // without movement, until the controls fade
const LONG_MS = 10_000; // a wait this long offers a way out

/** The call: the other fills the stage; what is needed rests at its edges. */
@customElement("ith-call")
export class Call extends AppElement {
  static override styles = [
    base,
    controls,
    css`
      :host {
        --bar: 84px;
        display: flex;
        height: 100dvh;
        overflow: hidden;
        background: var(--stage);
        color: var(--ink);
        color-scheme: dark;
      }
      main {
        position: relative;
        flex: 1;
        min-width: 0;
        overflow: hidden;
      }
      .alone {
        position: absolute;
        inset: 0;
        display: grid;
        gap: 16px;
        place-content: center;
        justify-items: center;
        padding: 16px 16px var(--bar);
        text-align: center;
        --avatar: 96px;
      }
      .top,
      .bottom {
        position: absolute;
        z-index: 2;
        inset-inline: 0;
        display: flex;
        align-items: center;
        gap: 8px;
        padding: 12px 16px;
      }
      .top {
        inset-block-start: 0;
        flex-wrap: wrap;
        background: linear-gradient(oklch(0% 0 0 / 0.6), transparent);
        pointer-events: none;
      }
      .bottom {
        inset-block-end: 0;
        flex-direction: column;
      }
      .bottom::before {
        content: "";
        position: absolute;
        z-index: -1;
        inset: 0;
        background: linear-gradient(transparent, oklch(0% 0 0 / 0.7));
      }
      .bottom::before,
      .bar {
        transition: opacity var(--quick);
      }
      /* The controls rest; what is said, and the time, stay. */
      .resting:not(:has(:focus-visible))::before,
      .resting:not(:has(:focus-visible)) .bar {
        opacity: 0;
      }
      .time {
        font-weight: 600;
      }
      .unproven {
        color: var(--ink-soft);
      }
      .name {
        min-width: 0;
        overflow: hidden;
        text-overflow: ellipsis;
        white-space: nowrap;
      }
      /* From the left, with Leave at the far end: nothing moves under the pointer when the panel
         comes or goes, and nothing dangerous comes to lie there. */
      .bar {
        display: flex;
        gap: 8px;
        align-items: center;
        width: 100%;
      }
      .bar button {
        position: relative;
        min-width: 52px;
        min-height: 52px;
        border-color: transparent;
        border-radius: 999px;
        background: oklch(30% 0.014 250 / 0.9);
      }
      .bar button:hover {
        background: oklch(38% 0.014 250);
      }
      .bar .off {
        background: var(--ink);
        color: var(--stage);
      }
      .bar .off:hover {
        background: oklch(84% 0.008 85);
      }
      .bar .lacks {
        color: var(--amber);
      }
      .bar .leave {
        margin-inline-start: auto;
        background: var(--clay);
        color: oklch(16% 0.01 250);
      }
      .bar .leave:hover {
        background: color-mix(in oklab, var(--ink) 20%, var(--clay));
      }
      .bar .badge {
        position: absolute;
        inset-block-start: -6px;
        inset-inline-end: -6px;
      }
      /* Where the words would not fit, with the panel or without it. */
      @media (max-width: 759px), (960px <= width < 1180px) {
        .bar .word {
          position: absolute;
          clip-path: inset(50%);
          width: 1px;
          height: 1px;
          overflow: hidden;
          white-space: nowrap;
        }
        .bar button {
          padding: 8px;
        }
      }
      .line {
        display: flex;
        gap: 8px;
        align-items: center;
        max-width: min(100%, 44rem);
        padding: 8px 16px;
        border-radius: 22px;
        background: oklch(23% 0.014 250 / 0.92);
        font-size: var(--small);
      }
      .line.attention {
        color: var(--amber);
      }
      .line:has(button) {
        flex-wrap: wrap;
        justify-content: center;
        padding-block: 12px;
        background: oklch(23% 0.014 250);
      }
      .line,
      .line span {
        text-wrap: balance;
      }
      .line button {
        flex: none;
        border-radius: 999px;
      }
      /* It is about money: no smaller than what one reads. */
      .booked {
        gap: 8px 12px;
        max-width: min(100%, 52rem);
        font-size: var(--text);
      }
      /* In a sheet, under its heading. */
      .told {
        padding-inline: 16px;
      }
      .told > * {
        margin-block-end: 12px;
      }
      .told .line {
        border-radius: var(--radius);
        background: oklch(30% 0.014 250);
      }
    `,
  ];
  @property() mentorship = "";
  @state() private talking = matchMedia(WIDE).matches;
  @state() private choosing = false;
  @state() private resting = false;
  @state() private blocked = false;
  @state() private long = false;
  @state() private extending = false;
  @state() private notExtended = ""; // why not
  @query("ith-remote") private remote!: Remote | null;
  private readonly wide = new Media(this, WIDE);
  private readonly booked = new Booked(this, () => this.app);
  private restTimer: ReturnType<typeof setTimeout> | undefined;
  private longTimer: ReturnType<typeof setTimeout> | undefined;
  private waitingFor = "";
  @query(".bottom") private bottom!: HTMLElement | null;
  private readonly resized = new ResizeObserver(() => this.lift());
  private readonly stir = (): void => this.wake();
  private readonly pressed = (event: KeyboardEvent): void => this.shortcut(event);

  constructor() {
    super();
    new Ticking(this, 1000, () => this.app.nowUs());
  }

  protected override watch(state: AppState): readonly unknown[] {
    const { microphone, camera, speakers, preview } = state.media;
    return [
      state.call,
      state.link,
      state.hasNetwork,
      state.mentorships,
      state.me,
      microphone,
      camera,
      speakers,
      preview,
    ];
  }

  override connectedCallback(): void {
    super.connectedCallback();
    addEventListener("pointermove", this.stir);
    addEventListener("pointerdown", this.stir);
    addEventListener("keydown", this.pressed);
    this.wake();
  }

  override disconnectedCallback(): void {
    removeEventListener("pointermove", this.stir);
    removeEventListener("pointerdown", this.stir);
    removeEventListener("keydown", this.pressed);
    this.resized.disconnect();
    clearTimeout(this.restTimer);
    clearTimeout(this.longTimer);
    super.disconnectedCallback();
  }

  private wake(): void {
    this.resting = false;
    clearTimeout(this.restTimer);
    this.restTimer = setTimeout(() => (this.resting = true), REST_MS);
  }

  /** A press on controls that cannot be seen brings them back, and does nothing else. */
  private touched({ currentTarget }: PointerEvent): void {
    const bar = currentTarget as Element;
    this.blind = bar.matches(".resting:not(:has(:focus-visible)) .bar");
  }
  private blind = false;
  private readonly unseen = {
    capture: true,
    handleEvent: (event: MouseEvent): void => {
      const byPointer = event.detail > 0;
      if (this.blind && byPointer) event.stopPropagation();
      this.blind = false;
    },
  };

  /** m and v, unless one is writing. */
  private shortcut(event: KeyboardEvent): void {
    this.wake();
    const { call } = this.state;
    const target = event.composedPath()[0];
    const writing = target instanceof Element && target.matches("input, textarea, select");
    if (!call || writing || event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
    if (event.key === "m") this.turn("microphone");
    if (event.key === "v") this.turn("camera");
  }

  private turn(name: Device): void {
    const on = this.switchOf(name);
    if (typeof on === "string") this.choosing = true;
    else if (name === "microphone") void this.app.setMicrophone(!on);
    else void this.app.setCamera(!on);
  }

  /** On or off, as the other hears and sees it; or why it can be neither. */
  private switchOf(name: Device): boolean | string {
    const { call, media } = this.state;
    if (problemOf(media[name])) return `No ${name}`;
    return Boolean(name === "microphone" ? call?.microphoneOn : call?.cameraOn);
  }

  private readonly choose = (): void => {
    this.choosing = true;
  };

  protected override willUpdate(_: PropertyValues<this>): void {
    const { call } = this.state;
    const waiting =
      call?.phase === "joining"
        ? "join"
        : call && mainPeer(call)?.media === "connecting"
          ? "media"
          : "";
    if (waiting === this.waitingFor) return;
    this.waitingFor = waiting;
    this.long = false;
    clearTimeout(this.longTimer);
    if (waiting) this.longTimer = setTimeout(() => (this.long = true), LONG_MS);
  }

  protected override updated(): void {
    if (this.bottom) this.resized.observe(this.bottom);
  }

  /** What rests at the bottom is never in the way of one's own picture. */
  private lift(): void {
    if (this.bottom) this.style.setProperty("--bar", `${this.bottom.offsetHeight}px`);
  }

  override render(): unknown {
    const { call, me, media } = this.state;
    const view = this.state.mentorships.find((each) => each.id === this.mentorship);
    if (!call || !view || !me) return nothing;
    const { name } = otherOf(view, me).person;
    const peer = mainPeer(call);
    const troubles = deviceTroubles(media);
    const cameraLack = problemOf(media.camera);
    const words = callWords(call, this.state, name, me.zone);
    const two = twoOf(view, me);
    const booked = this.booked.words(call.session, two.pays, me, two.other);
    const calm = !booked?.asks && this.isCalm(call, words, view.unread);
    const resting = this.resting && peer?.video && calm ? "resting" : "";
    const sheet = this.sheet;
    const proof =
      call.session && peer?.unproven
        ? this.booked.unproven(call.session, view.agreement?.terms)
        : null;
    const unproven = html`<p class="line unproven" role="status" ?hidden=${!proof}>${proof}</p>`;
    const told = html`${this.lines(call, words, name)} ${this.end(booked)}`;
    const below = html`<div slot="below" class="told">${unproven} ${told}</div>`;
    return html`
      <main id="main">
        <h1 class="hidden" tabindex="-1">Call with ${name}</h1>
        ${
          peer
            ? html`<ith-remote
              .peer=${peer}
              .name=${name}
              .speakers=${media.speakers.chosen}
              @blocked=${() => (this.blocked = true)}
            ></ith-remote>`
            : html`<div class="alone">
              <ith-avatar .name=${name}></ith-avatar>
              <p dir="auto">${name}</p>
            </div>`
        }
        <div class="top">
          ${this.time(call)}
          <bdi class="name small">${peer ? name : nothing}</bdi>
          ${sheet ? nothing : unproven}
        </div>
        <ith-self-view
          .stream=${media.preview}
          .on=${media.camera.live && call.cameraOn}
          .lack=${cameraLack ? lackWords("camera", cameraLack) : "Camera off"}
        ></ith-self-view>
        <div class="bottom ${resting}">
          ${sheet ? nothing : told} ${this.bar(view.unread)}
        </div>
      </main>
      <ith-side
        .app=${this.app}
        .mentorship=${view.id}
        .open=${this.talking && (this.wide.matches || !this.choosing)}
        @close=${() => (this.talking = false)}
      >
        ${sheet === "conversation" ? below : nothing}
      </ith-side>
      <ith-sheet heading="Devices" .open=${this.choosing} @close=${() => (this.choosing = false)}>
        ${sheet === "devices" ? below : nothing}
        ${[troubles.microphone, troubles.camera].map((trouble) =>
          trouble ? notice(trouble, this.retry(trouble)) : nothing,
        )}
        <ith-devices unfolded .app=${this.app}></ith-devices>
      </ith-sheet>
    `;
  }

  private time(call: CallState): unknown {
    const { session } = call;
    if (!session) return nothing;
    this.shown = shown(this.shown, session, this.app.nowUs(), this.state.link, mainPeer(call));
    return html`<span class="time number" role="timer" aria-label="Time together"
      >${count(this.shown.us)}</span
    >`;
  }
  private shown: Shown | null = null;

  /** Which sheet covers the page, if any: one at a time. What is to be said is said in it. */
  private get sheet(): "devices" | "conversation" | null {
    if (this.choosing) return "devices";
    return this.talking && !this.wide.matches ? "conversation" : null;
  }

  /** Nothing is being said that should be seen. */
  private isCalm(call: CallState, words: CallWords | null, unread: number): boolean {
    const { camera, microphone } = deviceTroubles(this.state.media);
    const troubled = words?.tone === "attention" || call.trouble || camera || microphone;
    const unseen = unread > 0 && !(this.talking && this.wide.matches);
    return !troubled && !this.blocked && !unseen && call.microphoneOn;
  }

  /** What is to be said, above the bar. */
  private lines(call: CallState, words: CallWords | null, name: string): unknown {
    const peer = mainPeer(call);
    const troubles = deviceTroubles(this.state.media);
    return html`
      ${
        this.blocked
          ? html`<button class="filled" @click=${this.unblock}>
            <ith-icon .of=${Volume2}></ith-icon>Turn on sound
          </button>`
          : nothing
      }
      ${[troubles.microphone, troubles.camera].map((trouble) =>
        trouble && !this.choosing // there it stands beside the fields
          ? html`<p class="line attention" role="status">
              <span>${trouble.what} ${trouble.advice}</span> ${this.retry(trouble)}
            </p>`
          : nothing,
      )}
      ${
        call.trouble
          ? html`<p class="line attention" role="status">${call.trouble.what} ${call.trouble.advice}</p>`
          : nothing
      }
      ${
        this.long
          ? html`<p class="line attention" role="status">
            This takes longer than usual. You can write meanwhile, or leave and join again.
          </p>`
          : nothing
      }
      <p class="line late ${words?.tone ?? ""}" role="status" ?hidden=${!words}>${words?.text}</p>
      ${
        peer && isLost(peer) && !this.talking
          ? html`<button class="late" @click=${() => (this.talking = true)}>
            <ith-icon .of=${MessageSquare}></ith-icon>Write to ${named(name)}
          </button>`
          : nothing
      }
    `;
  }

  private retry({ retry }: DeviceWords): ReturnType<typeof html> | undefined {
    if (!retry) return undefined;
    return html`<button @click=${() => this.app.retryDevices()}>Try again</button>`;
  }

  /** The end of the booked time: who pays is asked before it costs more. */
  private end(words: BookedWords | null): unknown {
    return html`
      <div class="line booked" ?hidden=${!words}>
        <span class="number" role="status">${words?.text} ${words?.can ? this.notExtended : ""}</span>
        <div class="row" ?hidden=${!words?.can}>
          ${
            words?.can
              ? html`<button ?disabled=${this.extending} @click=${this.goOn}>
                ${words.asks ? "Go on" : "Go on after all"}
              </button>`
              : nothing
          }
          ${
            words?.asks
              ? html`<button @click=${() => this.booked.keep()}>Keep to the time</button>`
              : nothing
          }
        </div>
      </div>
    `;
  }

  private async goOn(): Promise<void> {
    this.extending = true;
    this.notExtended = "";
    try {
      await this.booked.goOn();
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      this.notExtended = `${error.trouble.what} ${error.trouble.advice}`;
    } finally {
      this.extending = false;
    }
  }

  private bar(unread: number): unknown {
    return html`
      <div
        class="bar"
        role="toolbar"
        aria-label="Call"
        @pointerdown=${this.touched}
        @click=${this.unseen}
      >
        ${switches(
          this.app,
          { microphone: this.switchOf("microphone"), camera: this.switchOf("camera") },
          this.choose,
        )}
        <button @click=${this.choose}>
          <ith-icon .of=${Settings2}></ith-icon><span class="word">Devices</span>
        </button>
        <button aria-expanded=${this.talking} @click=${() => (this.talking = !this.talking)}>
          <ith-icon .of=${MessageSquare}></ith-icon><span class="word">Conversation</span>
          ${
            unread && !(this.talking && this.wide.matches)
              ? html`<span class="badge">${unread}<span class="hidden"> unread</span></span>`
              : nothing
          }
        </button>
        <button class="leave" @click=${() => this.app.leave()}>
          <ith-icon .of=${PhoneOff}></ith-icon><span class="word">Leave</span>
        </button>
      </div>
    `;
  }

  private unblock(): void {
    this.blocked = false;
    this.remote?.unblock();
  }
}
