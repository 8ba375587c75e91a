import { MessageSquare } from "lucide";
import { css, html, nothing, type PropertyValues } from "lit";
import { customElement, property, state } from "lit/decorators.js";

import { Refused, type AppState, type Trouble } from "../lib/model.js";
import { inRoom } from "../lib/session.js";
import type { MentorshipView, PersonView, SessionAccount, SessionView, TalkView } from "../protocol/types.js";
import "./account/bill.js";
import "./account/evidence.js";
import "./account/settle.js";
import "./account/timeline.js";
import { Back } from "./back.js";
import { base, column, controls } from "./base.js";
import { AppElement, Ticking } from "./element.js";
import { notice } from "./parts/notice.js";
import "./parts/icon.js";
import "./parts/sheet.js";
import "./parts/side.js";
import "./conversation/safety.js";
import "./parts/standing.js";
import "./parts/talk.js";
import "./parts/wait.js";
import "./reflection.js";
import { isFromTalk } from "./place.js";
import { navigate, paths } from "./route.js";
import { boundsWords, isOld, resultOf } from "./words/account.js";
import { awayWords } from "./words/bill.js";
import { endWords, interruptionWords, interruptionsOf, newest, presentUs } from "./words/session.js";
import { pairOf } from "./words/people.js";
import { reaches } from "./words/safety.js";
import { oldWords } from "./words/statement.js";
import { bothStretches, bothClocks, count, dayName, exact, named, span, theirClock, timeIn } from "./words/time.js";

const AGAIN_US = 15_000_000; // how old an account may grow while the session runs
const GAPS_SHOWN = 5; // the others stand among the stretches

/** The account of a session: what it came to first, then why, and what both say to that. */
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
      @media (max-width: 599px) {
        h1 {
          font-size: var(--headline);
        }
      }
      .head {
        display: grid;
        gap: 8px;
      }
      .head div:empty {
        margin-block-start: -8px; /* takes no room */
      }
      .whole,
      dd {
        white-space: nowrap;
      }
      dl {
        display: grid;
        gap: 8px;
      }
      ith-timeline + dl {
        margin-block-start: 8px;
        padding-block-start: 16px;
        border-block-start: 1px solid var(--line);
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
      .paper {
        display: none;
      }
      li {
        padding-block: 4px;
      }
      @media (max-width: 359px) {
        h1 .whole {
          white-space: normal;
        }
      }
      @media print {
        main {
          max-width: none;
          padding: 0;
        }
        .card {
          padding: 0;
          border: 0;
        }
        .paper {
          display: block;
        }
        main > .row,
        ith-side,
        ith-reflection,
        ith-talk {
          display: none; /* what one says to it is no part of the account */
        }
      }
    `,
  ];
  @property() session = "";
  @state() private trouble: Trouble | null = null; // of what is shown: it may be old
  @state() private refused: Trouble | null = null; // of what one did
  @state() private talk: TalkView | null = null;
  @state() private asking = false;
  @state() private talking = false; // the conversation is open beside it
  private loading = false;
  private asked = { version: -1, atUs: 0 }; // the last time
  private isAsked = false; // on this visit there was no answer yet


  constructor() {
    super();
    new Back(
      this,
      () => this.state.link.is === "online",
      () => {
        this.refused = null;
        if (this.trouble && !this.loading) void this.load();
      },
    );
    new Ticking(this, 1000, () => this.app.nowUs());
  }

  protected override watch(state: AppState): readonly unknown[] {
    const { sessions, accounts, reflections, mentorships, call, me } = state;
    return [sessions, accounts, reflections[this.session], mentorships, call, me, state.link];
  }

  protected override willUpdate(changed: PropertyValues<this>): void {
    const said = this.state.reflections[this.session];
    this.isAsked = (this.isAsked && !changed.has("session")) || said?.mine === null;
    if (changed.has("session")) {
      this.asked = { version: -1, atUs: 0 };
      this.loadTalk(this.session);
    }
    if (this.isBehind()) void this.load();
  }

  /** The questions come first until they are answered, and what one answers stays where one does; what
   * was said some other day comes after the account. */
  private get reflectsFirst(): boolean {
    return this.isAsked || this.state.reflections[this.session]?.mine == null;
  }

  /** The account is asked for anew when the session has changed, and now and then while it runs. */
  private isBehind(): boolean {
    const { view, account } = this;
    if (this.loading) return false;
    if (this.asked.version < 0) return true;
    const due = this.app.nowUs() - this.asked.atUs > AGAIN_US;
    if (!account) return due && view !== null;
    if (view && view.version > account.version) return due || view.version > this.asked.version;
    return due && account.state !== "ended" && inRoom(account).length > 0;
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    if (this.state.call?.phase === "left") this.app.closeCall();
  }

  private async load(): Promise<void> {
    this.loading = true;
    this.asked = { version: this.view?.version ?? 0, atUs: this.app.nowUs() };
    try {
      await this.app.loadAccount(this.session);
      this.trouble = null;
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      this.trouble = error.trouble;
    } finally {
      this.loading = false;
    }
  }

  private loadTalk(session: string): void {
    this.talk = null;
    this.app.reflect.talk(session).then(
      (talk) => session === this.session && (this.talk = talk),
      () => undefined, // then it is not shown
    );
  }

  private get account(): SessionAccount | null {
    return this.state.accounts[this.session] ?? null;
  }

  /** The newest view there is of this session, wherever it came from. */
  private get view(): SessionView | null {
    const { call, mentorships, sessions } = this.state;
    const all = [
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
    const { account } = this;
    const pair = pairOf(mentorship, me);
    const { other } = pair;
    const nowUs = this.app.nowUs();
    const result = resultOf(view, account, pair, nowUs);
    const end = endWords(view, me.id, other.name);
    const old = isOld(this.state.link, this.trouble, view.state === "ended");
    const away = account ? awayWords(account, pair) : "";
    const bounds = account ? boundsWords(account, pair, nowUs) : "";
    return html`
      <main id="main">
        <div class="head">
          <h1 tabindex="-1"><span class="whole">${result.amount}</span> ${result.words}${
            result.billed ? html` <span class="whole">${result.billed}</span>` : nothing
          }</h1>
          ${this.when(view, account, me, other)} ${end ? html`<p class="soft">${end}</p>` : nothing}
          <div role="status">${reaches(mentorship) ? nothing : this.standing(mentorship)}</div>
          ${this.reporting(mentorship)}
          <p class="paper small soft">
            ${exact(me.zone, view.started_us ?? view.created_us)} (${me.zone.replaceAll("_", " ")}) · ${view.id}
          </p>
        </div>
        ${old ? notice(oldWords(old)) : nothing}
        ${this.reflectsFirst ? this.reflection(view, mentorship) : nothing}
        <section class="card" aria-labelledby="times">
          <h2 id="times">In the room</h2>
          ${
            account
              ? html`<ith-timeline .account=${account} .pair=${pair} .nowUs=${nowUs}></ith-timeline>`
              : nothing
          }
          ${this.people(view, mentorship, me)}
        </section>
        ${this.interruptions(view, me, other)}
        ${[away, bounds].map((words) => (words ? html`<p class="small soft">${words}</p>` : nothing))}
        ${
          account && view.state === "ended"
            ? html`<ith-settle
              .app=${this.app}
              .view=${view}
              .account=${account}
              .pair=${pair}
            ></ith-settle>`
            : nothing
        }
        ${
          account
            ? html`<ith-bill .account=${account} .pair=${pair} .nowUs=${nowUs}></ith-bill>`
            : nothing
        }
        ${
          view.settlement
            ? html`<ith-evidence
              .app=${this.app}
              .session=${view.id}
              .settlement=${view.settlement}
            ></ith-evidence>`
            : nothing
        }
        ${this.reflectsFirst ? nothing : this.reflection(view, mentorship)}
        ${this.talk ? html`<ith-talk .talk=${this.talk} .other=${other.name}></ith-talk>` : nothing}
        ${this.refused ? notice(this.refused) : nothing} ${this.actions(view, mentorship, other)}
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

  private reflection(view: SessionView, mentorship: MentorshipView): unknown {
    if (view.started_us == null) return nothing;
    return html`<ith-reflection
      .app=${this.app}
      .session=${view.id}
      .mentorship=${mentorship.id}
    ></ith-reflection>`;
  }

  /** Of a meeting that nobody came to, when it was to be. */
  private when(
    view: SessionView,
    account: SessionAccount | null,
    me: PersonView,
    other: PersonView,
  ): unknown {
    const booked = view.people.every(({ present_us }) => !present_us) ? account?.booked : null;
    const fromUs = booked?.start_us ?? view.started_us ?? view.created_us;
    const words =
      view.ended_us == null
        ? `${inRoom(view).length ? "since" : "from"} ${bothClocks(fromUs, me, other)}`
        : bothStretches(fromUs, booked ? fromUs + booked.length_us : view.ended_us, me, other);
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
    const most = (time: SessionView["people"][number]): unknown =>
      time.since_us == null && count(time.present_most_us) !== count(time.present_us)
        ? html`<span class="small soft number">at most ${count(time.present_most_us)}</span>`
        : nothing;
    return html`
      <dl>
        ${meFirst.map(
          (time) => html`
            <div>
              <dt><bdi>${nameOf(time.person)}</bdi> ${most(time)}</dt>
              <dd class="number">${span(presentUs(time, this.app.nowUs()))}</dd>
            </div>
          `,
        )}
      </dl>
    `;
  }

  private interruptions(view: SessionView, me: PersonView, other: PersonView): unknown {
    const gaps = interruptionsOf(view);
    if (!gaps.length) return nothing;
    return html`
      <section aria-labelledby="gaps">
        <h2 id="gaps">Away in between</h2>
        <ul>
          ${gaps.slice(0, GAPS_SHOWN).map(
            (gap) => html`
              <li>
                ${interruptionWords(gap, view, me.id, () => other.name)}
                <time
                  class="soft"
                  title="${exact(me.zone, gap.from_us)}. ${theirClock(gap.from_us, me, other)}"
                  >at ${timeIn(me.zone, gap.from_us)}</time
                >
              </li>
            `,
          )}
        </ul>
        ${
          gaps.length > GAPS_SHOWN
            ? html`<p class="soft">
              And ${gaps.length - GAPS_SHOWN} more: they stand under <em>All stretches</em>.
            </p>`
            : nothing
        }
      </section>
    `;
  }

  private actions(view: SessionView, mentorship: MentorshipView, other: PersonView): unknown {
    const open = reaches(mentorship);
    if (view.state === "ended") {
      return html`
        <div class="row">
          <a class="button filled" href=${paths.home} @click=${this.done}>Done</a>
          <a class="button" href=${paths.prejoin(mentorship.id)}>
            ${open ? "Write or call again" : "Read what was said"}
          </a>
        </div>`;
    }
    return html`
      <div class="row">
        ${
          open
            ? html`<button class="filled" @click=${() => this.back(mentorship.id)}>Back to the call</button>`
            : nothing
        }
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
          The session ends with the time so far, and ${named(other.name)} leaves the call too if
          still in it. You can always begin another one.
        </p>
        <div class="row">
          <button class="clay" @click=${() => this.end(view.id)}>End it</button>
          <button autofocus @click=${() => (this.asking = false)}>Keep it open</button>
        </div>
      </ith-sheet>
    `;
  }

  /** Where one was in the call that it ended. */
  private reporting(view: MentorshipView): unknown {
    const { call } = this.state;
    if (reaches(view) || call?.phase !== "left" || call.session?.id !== this.session) return nothing;
    return html`<ith-safety report .app=${this.app} .view=${view}></ith-safety>`;
  }

  private standing(view: MentorshipView): unknown {
    return html`<ith-standing .app=${this.app} .view=${view}></ith-standing>`;
  }

  /** Back to the conversation that one came from. */
  private done(event: Event): void {
    if (!isFromTalk()) return;
    event.preventDefault();
    event.stopPropagation();
    history.back();
  }

  /** As after a reload: with the devices as they were. */
  private back(mentorship: string): void {
    this.app.closeCall();
    this.app.keepInCall(mentorship);
    navigate(paths.call(mentorship));
  }

  private async end(session: string): Promise<void> {
    this.asking = false;
    this.refused = null;
    try {
      await this.app.endSession(session);
      await this.updateComplete;
      this.renderRoot.querySelector("h1")?.focus(); // the buttons are gone
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      this.refused = error.trouble;
    }
  }
}
