import { MessageSquare } from "lucide";
import { css, html, nothing, type PropertyValues } from "lit";
import { customElement, state } from "lit/decorators.js";
import { repeat } from "lit/directives/repeat.js";

import type { AppState } from "../lib/model.js";
import type { MentorshipView, PersonView, SessionView } from "../protocol/types.js";
import { Ahead } from "./ahead.js";
import { base, column, controls } from "./base.js";
import { plain } from "./conversation/markdown.js";
import { AppElement } from "./element.js";
import "./parts/avatar.js";
import "./parts/clocks.js";
import "./parts/icon.js";
import "./parts/side.js";
import "./parts/standing.js";
import "./parts/wait.js";
import { linkFirst, ownLink } from "./own-link.js";
import { metFirst } from "./met-first.js";
import { keptPlace } from "./place.js";
import { paths } from "./route.js";
import { resultShort } from "./words/account.js";
import { isHeard, staleWords } from "./words/link.js";
import "./zone.js";
import { asksMe } from "./words/marks.js";
import { HELD, isHeld } from "./words/session.js";
import { reaches } from "./words/safety.js";
import { shortStanding } from "./words/settlement.js";
import { otherOf, pairOf, roleWords, type Pair } from "./words/people.js";
import { meetingWords, twoOf } from "./words/terms.js";
import { exact, named, shortWhen } from "./words/time.js";

const SHOWN = 3; // sessions of one mentorship, until one asks for all
const PATIENCE_MS = 1000; // as long the people wait for their sessions

/** Who one meets here: last line, unread, *Join*, the sessions; the conversation beside it. */
@customElement("ith-home")
export class Home extends AppElement {
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
      .top {
        position: relative;
        justify-content: space-between;
      }
      .top .plain {
        margin-inline-start: -17px; /* below the heading its words stand in line with it */
      }
      /* In the gap above what one presses: a connection comes and goes, and nothing moves under the pointer. */
      .old {
        position: absolute;
        inset-block-start: calc(100% + 2px);
        inset-inline: 0;
        overflow: hidden;
        line-height: 20px;
        text-overflow: ellipsis;
        white-space: nowrap;
      }
      .old span {
        padding-inline-start: 8px;
        border-inline-start: 3px solid var(--amber);
      }
      .people,
      .card {
        display: grid;
        grid-template-columns: minmax(0, 1fr);
        gap: 16px;
      }
      .who {
        display: flex;
        gap: 12px;
      }
      .who > div {
        flex: 1;
        min-width: 0;
      }
      .last {
        display: flex;
        gap: 8px;
      }
      .last span {
        flex: 1;
        min-width: 0;
        overflow: hidden;
        text-overflow: ellipsis;
        white-space: nowrap;
      }
      .sessions {
        padding-top: 8px;
        border-top: 1px solid var(--line);
      }
      .sessions a {
        display: flex;
        justify-content: space-between;
        gap: 12px;
        align-items: center;
        min-height: 44px;
        color: inherit;
        text-decoration: none;
      }
      .sessions time {
        flex: none;
      }
      .sessions span {
        display: grid;
        padding-block: 4px;
      }
      .sessions b {
        color: var(--sea);
        font-weight: inherit;
      }
      .sessions small {
        font-size: var(--small);
      }
      .sessions a:hover b {
        text-decoration: underline;
      }
      .sessions .plain {
        margin-inline-start: -17px; /* its words stand in line with the list */
      }
    `,
  ];
  @state() private talking: string | null = keptPlace()?.mentorship ?? null; // the mentorship whose conversation is open
  @state() private unfolded: ReadonlySet<string> = new Set();
  private people: readonly MentorshipView[] = []; // as they stand
  private readonly asked = new Set<string>();
  private readonly failed = new Set<string>();
  private complete = false; // all that there is to draw is there, or will not be soon
  @state() private patient = true;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private readonly ahead = new Ahead(this, () => this.app);

  protected override watch(state: AppState): readonly unknown[] {
    const { mentorships, sessions, listed, arranged, me, phase, canStart, link, hasNetwork } = state;
    return [mentorships, sessions, listed, arranged, me, phase, canStart, link, hasNetwork];
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.timer = setTimeout(() => (this.patient = false), PATIENCE_MS);
  }

  override disconnectedCallback(): void {
    clearTimeout(this.timer);
    super.disconnectedCallback();
  }

  /** Nobody is moved from under the pointer, or with the focus: they stand where they stood until both are elsewhere. */
  protected override willUpdate(_: PropertyValues<this>): void {
    const { me, mentorships, listed, link } = this.state;
    const all = mentorships.every(({ id }) => listed[id] || this.failed.has(id));
    this.complete ||= me !== null && (all || !this.patient || !isHeard(link));
    const busy = this.renderRoot?.querySelector(".people")?.matches(":hover, :focus-within");
    this.people = me ? metFirst(mentorships, me, busy ? this.people.map(({ id }) => id) : []) : [];
  }

  private left({ relatedTarget, currentTarget }: FocusEvent | PointerEvent): void {
    if (!(currentTarget as Node).contains(relatedTarget as Node | null)) this.requestUpdate();
  }

  protected override updated(): void {
    for (const { id } of this.state.mentorships) {
      if (this.asked.has(id)) continue;
      this.asked.add(id);
      this.app.loadSessions(id).catch(() => this.lack(id));
    }
  }

  /** Asked again with the next change, which this is none of. */
  private async lack(mentorship: string): Promise<void> {
    this.failed.add(mentorship);
    if (!this.complete) {
      this.requestUpdate();
      await this.updateComplete;
    }
    this.asked.delete(mentorship);
  }

  override render(): unknown {
    const { me, link, hasNetwork } = this.state;
    if (!me) return this.stranger();
    return html`
      <main id="main">
        <div class="row top">
          <h1 tabindex="-1">Your mentorships</h1>
          <div class="row">
            ${
              this.state.mentorships.length
                ? html`<a class="button plain" href=${paths.statements}>Statements</a>`
                : nothing
            }
            <a class="button" href=${paths.new}>New mentorship</a>
          </div>
          <p class="small old" role="status">
            ${isHeard(link) ? nothing : html`<span class="late">${staleWords(hasNetwork)}</span>`}
          </p>
        </div>
        <ith-zone-hint .app=${this.app} .me=${me}></ith-zone-hint>
        ${this.complete ? this.all(me) : html`<ith-wait words="Looking who is here…"></ith-wait>`}
      </main>
      ${
        this.talking === null
          ? nothing
          : html`<ith-side
            open
            .app=${this.app}
            .mentorship=${this.talking}
            @close=${this.close}
          ></ith-side>`
      }
    `;
  }

  /** Drawn once with their sessions: what one presses stays where it stands. */
  private all(me: PersonView): unknown {
    return html`
      ${
        this.people.length
          ? html`<ul class="people" @pointerleave=${this.left} @focusout=${this.left}>
            ${repeat(
              this.people,
              (each) => each.id,
              (each) => this.person(each, me),
            )}
          </ul>`
          : html`<p>
            Nobody is here yet. Begin with <em>New mentorship</em>: it gives each of you a link, and
            the links bring you together.
          </p>`
      }
      ${ownLink(this.app, me)}
    `;
  }

  private stranger(): unknown {
    return html`
      <main id="main">
        ${linkFirst()}
        ${
          this.state.canStart
            ? html`<p>Nobody has given you one yet? Begin yourself: it gives each of you a link.</p>
                <p><a class="button" href=${paths.new}>New mentorship</a></p>`
            : nothing
        }
      </main>
    `;
  }

  private person(view: MentorshipView, me: PersonView): unknown {
    const other = otherOf(view, me);
    const { name } = other.person;
    const open = reaches(view);
    const known = open && this.state.link.is === "online"; // else it is what was heard before
    const met = known && other.presence === "in_room";
    return html`
      <li class="card">
        <div class="who">
          <ith-avatar .name=${name} .here=${known && other.presence !== "away"}></ith-avatar>
          <div>
            <h2><bdi>${name}</bdi></h2>
            <p class="small soft">${roleWords(other, known)}</p>
            <p class="small soft">
              <ith-clocks .app=${this.app} .me=${me} .other=${other.person}></ith-clocks>
            </p>
          </div>
        </div>
        <div class="row">
          ${
            open
              ? html`<a class="button ${met ? "filled" : ""}" href=${paths.prejoin(view.id)}>Join</a>`
              : nothing
          }
          <button
            data-talk=${view.id}
            aria-expanded=${this.talking === view.id}
            @click=${() => (this.talking = this.talking === view.id ? null : view.id)}
          >
            <ith-icon .of=${MessageSquare}></ith-icon>Conversation
            ${
              view.unread
                ? html`<span class="badge">${view.unread}<span class="hidden"> unread</span></span>`
                : nothing
            }
          </button>
        </div>
        ${this.next(view, me)} ${this.last(view, me)}
        ${
          open
            ? nothing
            : html`<ith-standing
              .app=${this.app}
              .view=${view}
              @lifted=${() => this.lifted(view.id)}
            ></ith-standing>`
        }
        ${this.sessions(view, me)}
      </li>
    `;
  }

  /** The sheet goes, with what had the focus; whoever closes it is where it is opened. */
  private async close(): Promise<void> {
    const { talking } = this;
    this.talking = null;
    await this.updateComplete;
    this.renderRoot.querySelector<HTMLElement>(`[data-talk="${talking}"]`)?.focus();
  }

  /** The button went; who pressed it is at *Join*. */
  private async lifted(mentorship: string): Promise<void> {
    await this.updateComplete;
    this.renderRoot.querySelector<HTMLElement>(`a.button[href="${paths.prejoin(mentorship)}"]`)?.focus();
  }

  /** What the two have before them; the pre-join page says all of it. */
  private next(view: MentorshipView, me: PersonView): unknown {
    const { proposal } = view;
    const meeting = this.ahead.of(view);
    const two = twoOf(view, me);
    const asked = proposal?.state === "open" && proposal.proposed_by !== me.id && reaches(view);
    const pair = pairOf(view, me);
    return html`
      ${
        meeting
          ? html`<p class="number" title=${exact(me.zone, meeting.start_us)}>
            ${meetingWords(meeting, this.app.nowUs(), two)}.
          </p>`
          : nothing
      }
      ${
        asked
          ? html`<p>
            <a href=${paths.prejoin(view.id)}>${named(two.other.name)} proposes terms: look at them</a>
          </p>`
          : nothing
      }
      ${(this.state.sessions[view.id] ?? []).map((session) => {
        const words = asksMe(session, pair, this.app.nowUs());
        return words ? html`<p><a href=${paths.summary(session.id)}>${words}</a></p>` : nothing;
      })}
    `;
  }

  private last({ last }: MentorshipView, me: PersonView): unknown {
    if (!last) return nothing;
    return html`
      <p class="last">
        <span dir="auto">${last.person === me.id ? "You: " : nothing}${plain(last.body)}</span>
        <time class="small soft" title=${exact(me.zone, last.at_us)}
          >${shortWhen(me.zone, last.at_us, this.app.nowUs())}</time
        >
      </p>
    `;
  }

  private sessions(view: MentorshipView, me: PersonView): unknown {
    const all = this.state.sessions[view.id] ?? [];
    if (!all.length) return nothing;
    const shown = this.unfolded.has(view.id) ? all : all.slice(0, SHOWN);
    return html`
      <section class="sessions" aria-label="Sessions with ${named(otherOf(view, me).person.name)}">
        <h3 class="small soft">Sessions</h3>
        <ul>
          ${shown.map((session) => this.session(session, pairOf(view, me)))}
        </ul>
        ${
          all.length > shown.length
            ? html`<button
              class="plain small"
              @click=${(event: Event) => this.unfold(view.id, event)}
            >
              Show all ${all.length}
            </button>`
            : nothing
        }
      </section>
    `;
  }

  /** The button goes; who pressed it goes on at the first of what it showed. */
  private async unfold(mentorship: string, { currentTarget }: Event): Promise<void> {
    const list = (currentTarget as HTMLElement).previousElementSibling;
    const shown = list?.childElementCount ?? 0;
    this.unfolded = new Set([...this.unfolded, mentorship]);
    await this.updateComplete;
    list?.children[shown]?.querySelector("a")?.focus();
  }

  private session(session: SessionView, pair: Pair): unknown {
    const { me } = pair;
    const result = resultShort(session, pair, this.app.nowUs());
    const stands = shortStanding(session, pair) || (isHeld(session) ? HELD : "");
    const beganUs = session.started_us ?? session.created_us;
    return html`
      <li>
        <a href=${paths.summary(session.id)}>
          <span>
            <b>${result.amount} ${result.words}</b>
            ${stands ? html`<small class="soft number">${stands}</small>` : nothing}
          </span>
          <time class="small soft" title=${exact(me.zone, beganUs)}
            >${shortWhen(me.zone, beganUs, this.app.nowUs())}</time
          >
        </a>
      </li>
    `;
  }
}
