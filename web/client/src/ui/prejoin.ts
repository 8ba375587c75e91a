import { css, html, nothing, type PropertyValues } from "lit";
import { customElement, property, query, state } from "lit/decorators.js";

import { Refused, type AppState, type DeviceState, type Trouble } from "../lib/model.js";
import { inRoom } from "../lib/session.js";
import type { Member, MentorshipView, PersonView } from "../protocol/types.js";
import { base, controls } from "./base.js";
import { AppElement, Media, WIDE } from "./element.js";
import "./arrange/arrange.js";
import "./arrange/planned.js";
import "./next.js";
import "./parts/avatar.js";
import "./parts/clocks.js";
import "./parts/devices.js";
import "./parts/meter.js";
import { notice } from "./parts/notice.js";
import type { Side } from "./parts/side.js";
import "./parts/side.js";
import "./parts/standing.js";
import { switches } from "./parts/switches.js";
import { rehearse } from "./call/rehearse.js";
import { keptPlace } from "./place.js";
import { navigate, paths } from "./route.js";
import { deviceTroubles, joinWords, problemOf, type DeviceWords } from "./words/devices.js";
import { hereWords } from "./words/chat.js";
import { isHeard, unknownWords, waitShort, waitWords } from "./words/link.js";
import { otherOf } from "./words/people.js";
import { reaches, wasNotTaken } from "./words/safety.js";
import { beforeWords, twoOf } from "./words/terms.js";
import "./zone.js";

/** "Am I ready?": own picture and sound, the other, *Join*; the conversation beside it. */
@customElement("ith-prejoin")
export class Prejoin extends AppElement {
  static override styles = [
    base,
    controls,
    css`
      :host {
        display: flex;
        min-height: 100dvh;
      }
      main {
        display: flex;
        flex: 1;
        flex-direction: column;
        gap: 16px;
        min-width: 0;
        max-width: 64rem;
        margin: 0 auto;
        padding: 60px 16px 0;
      }
      .parts {
        display: grid;
        grid-template-columns: minmax(0, 1fr);
        gap: 16px 32px;
        align-content: start;
      }
      ith-side {
        position: sticky;
        top: 0;
        height: 100dvh;
      }
      @media (min-width: 1200px) {
        main {
          padding: 68px 32px 48px;
        }
        .parts {
          grid-template-columns: minmax(0, 1fr) 18rem;
        }
        .more {
          grid-column: 1 / -1;
        }
      }
      .own,
      .other,
      .more,
      .go {
        display: grid;
        grid-template-columns: minmax(0, 1fr);
        gap: 12px;
        align-content: start;
      }
      .preview {
        position: relative;
        display: grid;
        place-items: center;
        aspect-ratio: 16 / 9;
        overflow: hidden;
        border-radius: var(--radius);
        background: var(--stage);
        color: var(--ink);
        color-scheme: dark;
      }
      video {
        position: absolute;
        inset: 0;
        width: 100%;
        height: 100%;
        object-fit: cover;
        transform: scaleX(-1); /* as in a mirror */
      }
      .preview p {
        padding: 16px;
        text-align: center;
      }
      .preview .problem {
        display: grid;
        gap: 12px;
        justify-items: center;
        max-width: 28rem;
        padding: 16px;
      }
      .told {
        aspect-ratio: auto;
        min-height: 14rem;
      }
      .problem p {
        padding: 0;
      }
      .who {
        display: flex;
        gap: 12px;
        align-items: center;
      }
      /* Below what one reads on a narrow page, and in sight from the first moment. */
      .go.last {
        position: sticky;
        z-index: 1;
        inset-block-end: 0;
        margin: auto -16px 0;
        padding: 12px 16px;
        border-top: 1px solid var(--line);
        background: var(--paper);
      }
      .join {
        width: 100%;
        min-height: 52px;
        font-size: var(--large);
      }
      .kept {
        display: flex;
        gap: 12px;
        align-items: center;
        min-height: 60px; /* of three lines */
        margin-block-end: -8px;
      }
      .kept p {
        flex: 1;
        min-width: 0;
      }
      .kept button {
        flex: none;
        padding-inline: 0;
      }
      @media (min-width: 1200px) {
        .here {
          min-height: 3em; /* alike in two lines, of which one may come */
        }
      }
      .standing:empty {
        margin-block-end: -12px; /* takes no room */
      }
      .go p:empty {
        display: none;
      }
      .row.center {
        justify-content: center;
      }
    `,
  ];
  @property() mentorship = "";
  @state() private talking = false; // the sheet is open (on narrow pages)
  @state() private trouble: Trouble | null = null;
  @query("video") private video!: HTMLVideoElement | null;
  @query("ith-side") private side!: Side;
  private readonly wide = new Media(this, WIDE);
  private readonly columns = new Media(this, "(min-width: 1200px)");
  private prepared = "";
  private joined = false;

  protected override watch(state: AppState): readonly unknown[] {
    const { microphone, camera, preview } = state.media;
    const { link, hasNetwork } = state;
    const { mentorships, me, conversations } = state;
    return [mentorships, me, link, hasNetwork, microphone, camera, preview, conversations];
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.talking = keptPlace()?.mentorship === this.mentorship;
    document.documentElement.classList.add("foot"); // what gets the focus is not under it
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    document.documentElement.classList.remove("foot");
    if (this.prepared && !this.joined) this.app.unprepare();
    this.prepared = "";
    this.joined = false;
  }

  private get view(): MentorshipView | undefined {
    return this.state.mentorships.find((each) => each.id === this.mentorship);
  }

  protected override willUpdate(_: PropertyValues<this>): void {
    const { view } = this;
    this.hadFocus = this.matches(":focus-within");
    if (!view || !this.isConnected) return;
    if (!reaches(view)) {
      // There is nobody to meet, perhaps from this moment on: no camera runs for that.
      if (this.prepared && !this.joined) this.app.unprepare();
      this.prepared = "";
      return;
    }
    if (this.prepared === this.mentorship) return;
    this.prepared = this.mentorship;
    void this.prepare();
  }

  protected override updated(): void {
    this.keepFocus();
    const { preview } = this.state.media;
    if (this.video && this.video.srcObject !== preview) this.video.srcObject = preview;
  }

  /** What had the focus may be gone once one does not reach the other any more, or does again. */
  private keepFocus(): void {
    const open = this.view ? reaches(this.view) : this.wasOpen;
    const turned = open !== this.wasOpen;
    this.wasOpen = open;
    if (!turned || !this.hadFocus || document.activeElement !== document.body) return;
    this.renderRoot.querySelector("h1")?.focus();
  }
  private wasOpen = true;
  private hadFocus = false;

  private async prepare(): Promise<void> {
    this.trouble = null;
    try {
      await this.app.prepare(this.mentorship);
      const room = this.view?.room;
      if (room && this.isConnected && this.prepared) await rehearse(this.app, this.mentorship, room);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      this.trouble = error.trouble;
    }
  }

  override render(): unknown {
    const { view } = this;
    const { me, media } = this.state;
    if (!view || !me) return nothing;
    const other = otherOf(view, me);
    const open = reaches(view);
    return html`
      <main id="main">
        <div class="parts">
          ${open ? this.own(media) : nothing}
          <section class="other" aria-label="Who you meet">
            ${this.other(other, me, view)}
            ${this.standing(view)}
            ${view.closed_us == null ? html`<ith-planned .app=${this.app} .view=${view}></ith-planned>` : nothing}
            ${open && this.columns.matches ? this.go(view, me) : nothing}
          </section>
          <section class="more" aria-label="Before you meet">
            ${
              this.wide.matches || open ? nothing : this.talk(view)
            }
            <ith-next .app=${this.app} .mentorship=${view.id}></ith-next>
            <ith-arrange .app=${this.app} .view=${view}></ith-arrange>
          </section>
        </div>
        ${!open || this.columns.matches ? nothing : this.go(view, me)}
      </main>
      <ith-side
        meeting
        @join=${this.join}
        .app=${this.app}
        .mentorship=${view.id}
        .open=${this.wide.matches || this.talking}
        @close=${this.close}
      ></ith-side>
    `;
  }

  /** Whoever closes the sheet is where it is opened, also if it stood open when they came. */
  private async close(): Promise<void> {
    this.talking = false;
    await this.updateComplete;
    await this.side.updateComplete;
    this.renderRoot.querySelector<HTMLElement>("[data-talk]")?.focus();
  }

  /** There from the beginning, so that it is read out when it has something to say. */
  private standing(view: MentorshipView): unknown {
    const words = reaches(view) ? nothing : html`<ith-standing .app=${this.app} .view=${view}></ith-standing>`;
    return html`<div class="standing" role="status">${words}</div>`;
  }

  private own(media: AppState["media"]): unknown {
    const troubles = deviceTroubles(media);
    return html`
      <section class="own" aria-label="Your picture and sound">
        ${this.preview(troubles.camera)}
        <div class="row center">
          ${switches(this.app, { microphone: switchOf(media.microphone), camera: switchOf(media.camera) })}
        </div>
        ${
          troubles.microphone
            ? notice(troubles.microphone, this.retry(troubles.microphone))
            : media.microphone.live && media.microphone.wanted
              ? html`<ith-meter .app=${this.app}></ith-meter>`
              : nothing
        }
        <ith-devices .app=${this.app}></ith-devices>
      </section>
    `;
  }

  /** *Join*, and what is to be known before one presses it. What comes while one looks moves neither it nor
   * what lies above: it stands below, or on a narrow page where room is kept for it. */
  private go(view: MentorshipView, me: PersonView): unknown {
    const { link, hasNetwork } = this.state;
    const away = !isHeard(link);
    const again = html`<button @click=${this.prepare}>Try again</button>`;
    const trouble = this.trouble ? notice(this.trouble, again) : nothing;
    const join = html`<button class="filled join" @click=${this.join}>Join</button>`;
    if (!this.columns.matches) {
      return html`
        <div class="go last">
          ${trouble} ${this.first(view, me)} ${join}
          <div class="kept">
            <p class="small soft" role="status">
              ${away ? html`<span class="late">${waitShort(hasNetwork)}</span>` : this.line(view, me)}
            </p>
            ${this.wide.matches ? nothing : this.talk(view)}
          </div>
        </div>
      `;
    }
    return html`
      <div class="go">
        ${join}
        <p class="small soft" role="status">${this.line(view, me)}</p>
        ${away ? html`<div class="late">${notice(waitWords(hasNetwork))}</div>` : nothing} ${trouble}
      </div>
    `;
  }

  /** Where the conversation does not stand beside it: what is new there is read at first sight. */
  private talk({ unread }: MentorshipView): unknown {
    return html`<button class="plain small" data-talk @click=${() => (this.talking = true)}>
      ${unread ? `Conversation · ${unread} new` : "Conversation"}
    </button>`;
  }

  /** Where *Join* lies over what one would read first. */
  private first(view: MentorshipView, me: PersonView): unknown {
    const words = beforeWords(view, twoOf(view, me));
    if (!words?.asks) return words && html`<p class="small number">${words.text}</p>`;
    return html`<button class="plain small" @click=${this.read}>${words.text}</button>`;
  }

  private read(): void {
    const terms = this.renderRoot.querySelector<HTMLElement>("ith-arrange");
    terms?.scrollIntoView();
    terms?.focus({ preventScroll: true });
  }

  private preview(problem: DeviceWords | null): unknown {
    const { camera, preview } = this.state.media;
    if (problem) {
      return html`
        <div class="preview told">
          <div class="problem" role="status">
            <p>${problem.what} <span class="soft">${problem.advice}</span></p>
            ${this.retry(problem)}
          </div>
        </div>
      `;
    }
    const live = camera.wanted && camera.live && preview;
    return html`
      <div class="preview">
        ${
          live
            ? html`<video data-self autoplay playsinline .muted=${true} aria-label="Your picture"></video>`
            : camera.asking
              ? html`<p class="late">Starting the camera…</p>`
              : html`<p>Your camera is off.</p>`
        }
      </div>
    `;
  }

  private retry(words: DeviceWords): ReturnType<typeof html> | undefined {
    if (!words.retry) return undefined;
    return html`<button @click=${() => this.app.retryDevices()}>Try again</button>`;
  }

  private other(other: Member, me: PersonView, view: MentorshipView): unknown {
    const { name } = other.person;
    const open = reaches(view);
    const known = open && this.state.link.is === "online"; // else it is what was heard before
    const mayWrite = !wasNotTaken(this.state, view);
    const here = known ? hereWords(other, me.zone, this.app.nowUs(), mayWrite) : unknownWords(name);
    return html`
      <div class="who">
        <ith-avatar .name=${name} .here=${known && other.presence !== "away"}></ith-avatar>
        <h1 tabindex="-1"><bdi>${name}</bdi></h1>
      </div>
      ${open ? html`<p class="here">${here}.</p>` : nothing}
      <p class="small soft">
        <ith-clocks .app=${this.app} .me=${me} .other=${other.person}></ith-clocks>
      </p>
      <ith-zone-hint .app=${this.app} .me=${me}></ith-zone-hint>
    `;
  }

  private line(view: MentorshipView, me: PersonView): string {
    return joinWords(this.state.media, view.session ? inRoom(view.session).includes(me.id) : false);
  }

  private join(): void {
    this.joined = true;
    this.app.join();
    navigate(paths.call(this.mentorship));
  }
}

/** How its switch stands; a device that does not run has none, but the reason and what to do. */
const switchOf = (device: DeviceState): boolean | null =>
  problemOf(device) ? null : device.wanted;
