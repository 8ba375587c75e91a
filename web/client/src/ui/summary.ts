import { MessageSquare } from "lucide";
import { css, html, nothing, type PropertyValues } from "lit";
import { customElement, property, state } from "lit/decorators.js";

import { Refused, type AppState, type Trouble } from "../lib/model.js";
import { inRoom } from "../lib/session.js";
import type { MentorshipView, PersonView, SessionView } from "../protocol/types.js";
import { base, column, controls } from "./base.js";
import { AppElement, Ticking } from "./element.js";
import { notice } from "./parts/notice.js";
import "./parts/icon.js";
import "./parts/sheet.js";
import "./parts/side.js";
import "./parts/wait.js";
import { navigate, paths } from "./route.js";
import { endWords, headline, interruptionWords, interruptionsOf, newest, presentUs } from "./words/session.js";
import { otherOf } from "./words/people.js";
import { bothStretches, bothClocks, dayName, exact, named, span, timeIn } from "./words/time.js";

/** What a session came to: the time together first, then why. */
@customElement("ith-summary")
export class Summary extends AppElement {
  static override styles = [
    base,
    controls,
    column,
    css`
      :host {
        display: flex;
        min-height: 100dvh;
      }
      main {
        flex: 1;
        align-content: start;
      }
      ith-side {
        position: sticky;
        top: 0;
        height: 100dvh;
      }
      h1 {
        font-size: var(--display);
        font-variant-numeric: tabular-nums;
      }
      .head {
        display: grid;
        gap: 8px;
      }
      .whole,
      dd {
        white-space: nowrap;
      }
      dl {
        display: grid;
        gap: 8px;
      }
      dl div {
        display: flex;
        justify-content: space-between;
        gap: 16px;
      }
      section {
        display: grid;
        gap: 8px;
      }
      li {
        padding-block: 4px;
      }
    `,
  ];
  @property() session = "";
  @state() private loaded: SessionView | null = null;
  @state() private trouble: Trouble | null = null;
  @state() private asking = false;
  @state() private talking = false; // the conversation is open beside it

  constructor() {
    super();
    new Ticking(this, 1000, () => this.app.nowUs());
  }

  protected override watch(state: AppState): readonly unknown[] {
    return [state.sessions, state.mentorships, state.call, state.me];
  }

  protected override willUpdate(changed: PropertyValues<this>): void {
    if (changed.has("session")) void this.load();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    if (this.state.call?.phase === "left") this.app.closeCall();
  }

  private async load(): Promise<void> {
    this.loaded = null;
    this.trouble = null;
    try {
      this.loaded = await this.app.loadSession(this.session);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      this.trouble = error.trouble;
    }
  }

  /** The newest view there is of this session, wherever it came from. */
  private get view(): SessionView | null {
    const { call, mentorships, sessions } = this.state;
    const all = [
      this.loaded,
      call?.session,
      ...mentorships.map((each) => each.session),
      ...Object.values(sessions).flat(),
    ];
    return newest(all.filter((view) => view?.id === this.session));
  }

  override render(): unknown {
    const { view } = this;
    const { me } = this.state;
    const mentorship = this.state.mentorships.find((each) => each.id === view?.mentorship);
    if (!view || !me || !mentorship) return this.waiting();
    const other = otherOf(mentorship, me).person;
    const result = headline(view, this.app.nowUs());
    const end = endWords(view, me.id, other.name);
    return html`
      <main id="main">
        <div class="head">
          <h1 tabindex="-1"><span class="whole">${result.amount}</span> ${result.words}</h1>
          ${this.when(view, me, other)} ${end ? html`<p class="soft">${end}</p>` : nothing}
        </div>
        ${this.people(view, mentorship, me)} ${this.interruptions(view, me, other)}
        ${
          view.estimated
            ? html`<p class="small soft">
              Somebody's connection was lost before they left, so their time is counted up to when
              it was last heard from.
            </p>`
            : nothing
        }
        ${this.trouble ? notice(this.trouble) : nothing} ${this.actions(view, mentorship, other)}
      </main>
      ${
        this.talking
          ? html`<ith-side
            open
            .app=${this.app}
            .mentorship=${mentorship.id}
            @close=${() => (this.talking = false)}
          ></ith-side>`
          : nothing
      }
    `;
  }

  private waiting(): unknown {
    return html`
      <main id="main">
        <h1 tabindex="-1">Session</h1>
        ${
          this.trouble
            ? html`${notice(this.trouble, html`<button @click=${this.load}>Try again</button>`)}
              <p><a href=${paths.home}>To the start</a></p>`
            : html`<ith-wait words="Fetching the session…"></ith-wait>`
        }
      </main>
    `;
  }

  private when(view: SessionView, me: PersonView, other: PersonView): unknown {
    const fromUs = view.started_us ?? view.created_us;
    const words =
      view.ended_us == null
        ? `${inRoom(view).length ? "since" : "from"} ${bothClocks(fromUs, me, other)}`
        : bothStretches(fromUs, view.ended_us, me, other);
    return html`<p title=${exact(me.zone, fromUs)}>
      ${dayName(me.zone, fromUs, this.app.nowUs())}, ${words}
    </p>`;
  }

  private people(view: SessionView, mentorship: MentorshipView, me: PersonView): unknown {
    const nameOf = (id: string): string =>
      id === me.id
        ? "You"
        : (mentorship.members.find((m) => m.person.id === id)?.person.name ?? "");
    const meFirst = [...view.people].sort(
      (a, b) => Number(b.person === me.id) - Number(a.person === me.id),
    );
    return html`
      <section class="card" aria-labelledby="times">
        <h2 id="times">In the room</h2>
        <dl>
          ${meFirst.map(
            (time) => html`
              <div>
                <dt><bdi>${nameOf(time.person)}</bdi></dt>
                <dd class="number">${span(presentUs(time, this.app.nowUs()))}</dd>
              </div>
            `,
          )}
        </dl>
      </section>
    `;
  }

  private interruptions(view: SessionView, me: PersonView, other: PersonView): unknown {
    const gaps = interruptionsOf(view);
    if (!gaps.length) return nothing;
    return html`
      <section aria-labelledby="gaps">
        <h2 id="gaps">Interruptions</h2>
        <ul>
          ${gaps.map(
            (gap) => html`
              <li>
                ${interruptionWords(gap, me.id, () => other.name)}
                <time class="soft" title=${exact(me.zone, gap.from_us)}
                  >at ${timeIn(me.zone, gap.from_us)}</time
                >
              </li>
            `,
          )}
        </ul>
      </section>
    `;
  }

  private actions(view: SessionView, mentorship: MentorshipView, other: PersonView): unknown {
    if (view.state === "ended") {
      return html`<div class="row">
        <a class="button filled" href=${paths.home}>Done</a>
        <a class="button" href=${paths.prejoin(mentorship.id)}>Write or call again</a>
      </div>`;
    }
    return html`
      <div class="row">
        <button class="filled" @click=${() => this.back(mentorship.id)}>Back to the call</button>
        <a class="button" href=${paths.home}>Done</a>
        <button aria-expanded=${this.talking} @click=${() => (this.talking = !this.talking)}>
          <ith-icon .of=${MessageSquare}></ith-icon>Write
          ${
            mentorship.unread
              ? html`<span class="badge">${mentorship.unread}<span class="hidden"> unread</span></span>`
              : nothing
          }
        </button>
      </div>
      <div class="row">
        <button class="clay" @click=${() => (this.asking = true)}>End the session for both</button>
      </div>
      <ith-sheet
        heading="End the session for both?"
        .open=${this.asking}
        @close=${() => (this.asking = false)}
      >
        <p>
          The session closes with the time so far, and ${named(other.name)} leaves the call too if
          still in it. You can always begin another one.
        </p>
        <div class="row">
          <button class="clay" @click=${() => this.end(view.id)}>End it</button>
          <button @click=${() => (this.asking = false)}>Keep it open</button>
        </div>
      </ith-sheet>
    `;
  }

  /** As after a reload: with the devices as they were. */
  private back(mentorship: string): void {
    this.app.closeCall();
    this.app.keepInCall(mentorship);
    navigate(paths.call(mentorship));
  }

  private async end(session: string): Promise<void> {
    this.asking = false;
    this.trouble = null;
    try {
      await this.app.endSession(session);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      this.trouble = error.trouble;
    }
  }
}
