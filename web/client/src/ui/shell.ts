import { css, html, nothing, type PropertyValues } from "lit";
import { customElement, query, state } from "lit/decorators.js";

import type { AppState, CallState, Trouble } from "../lib/model.js";
import { troubleOf } from "../lib/trouble.js";
import type { MentorshipView } from "../protocol/types.js";
import { base, column, controls } from "./base.js";
import "./call/call.js";
import { AppElement } from "./element.js";
import "./home.js";
import "./new.js";
import { linkFirst } from "./own-link.js";
import "./parts/wait.js";
import "./prejoin.js";
import { navigate, parseRoute, paths, type Route } from "./route.js";
import "./statements.js";
import "./summary.js";
import { otherOf } from "./words/people.js";
import { reaches, refusalWords } from "./words/safety.js";

/** The page: which screen, its title, where the focus goes, and what stops everything. */
@customElement("ith-app")
export class Shell extends AppElement {
  static override styles = [
    base,
    controls,
    column,
    css`
      :host {
        min-height: 100dvh;
      }
      .skip {
        position: absolute;
        z-index: 3;
        inset-block-start: 8px;
        inset-inline-start: 8px;
      }
      .skip:not(:focus) {
        clip-path: inset(50%);
      }
      header {
        position: absolute;
        inset-block-start: 0;
        inset-inline-start: 16px;
      }
      @media print {
        header {
          display: none;
        }
      }
      .home {
        display: inline-flex;
        align-items: center;
        min-height: 44px;
        color: var(--ink);
        font-weight: 600;
        text-decoration: none;
      }
      .home:focus-visible {
        outline-offset: -2px;
      }
    `,
  ];
  @state() private route: Route = parseRoute(location.pathname);
  @query(".page > *") private page!: AppElement | null;
  private readonly moved = (): void => this.go();
  private readonly clicked = (event: MouseEvent): void => this.follow(event);

  protected override watch(state: AppState): readonly unknown[] {
    return [
      state.phase,
      state.trouble,
      state.me,
      state.mentorships,
      state.arrivedAt,
      state.call,
      state.link,
    ];
  }

  override connectedCallback(): void {
    super.connectedCallback();
    addEventListener("popstate", this.moved);
    addEventListener("ithaca:route", this.moved);
    this.addEventListener("click", this.clicked);
  }

  override disconnectedCallback(): void {
    removeEventListener("popstate", this.moved);
    removeEventListener("ithaca:route", this.moved);
    this.removeEventListener("click", this.clicked);
    super.disconnectedCallback();
  }

  /** A link to a page of this site is followed without a new load. */
  private follow(event: MouseEvent): void {
    const link = event.composedPath().find((each) => each instanceof HTMLAnchorElement);
    if (!link || link.target || link.origin !== location.origin || link.hash) return;
    if (event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    if (link.pathname !== location.pathname) navigate(link.pathname);
  }

  /** The focus goes to the new page's heading, except on arrival: then nobody has gone anywhere. */
  private go(): void {
    const next = parseRoute(location.pathname);
    const { call } = this.state;
    if (this.route.page === "call" && next.page !== "call" && call && call.phase !== "left") {
      this.app.leave(); // went back: that leaves the call
    }
    this.focusing = this.route.page !== "open";
    this.route = next;
  }
  private focusing = false;

  protected override willUpdate(_: PropertyValues<this>): void {
    const { phase, arrivedAt, call, mentorships } = this.state;
    if (phase !== "ready") return;
    const { route } = this;
    if (route.page === "open") {
      // The link has been exchanged; what it held must not stay in the address bar.
      navigate(arrivedAt ? paths.prejoin(arrivedAt) : paths.home, "replace");
    } else if (route.page === "call") {
      const view = mentorships.find(({ id }) => id === route.mentorship);
      this.attend(route.mentorship, call, view);
    } else {
      this.app.keepInCall(null);
    }
  }

  /** On the call's page there is a call, or one that this tab goes on with after a reload, or none. */
  private attend(mentorship: string, call: CallState | null, view: MentorshipView | undefined): void {
    if (call?.mentorship === mentorship && call.phase !== "left") {
      this.app.keepInCall(mentorship);
    } else if (call?.mentorship === mentorship) {
      this.app.keepInCall(null); // what was refused is not asked for again and again
      const over = call.ended === "left" || call.ended === "ended";
      if (over && call.session) navigate(paths.summary(call.session.id), "replace");
      else if (over) navigate(paths.prejoin(mentorship), "replace");
    } else if (this.app.inCall() === mentorship && view && reaches(view)) {
      this.app.keepInCall(null); // once: what fails does not come round again
      this.rejoining = true;
      this.app
        .prepare(mentorship)
        .then(
          () => this.app.join(),
          () => navigate(paths.prejoin(mentorship), "replace"),
        )
        .finally(() => (this.rejoining = false));
    } else if (!this.rejoining && view) {
      navigate(paths.prejoin(mentorship), "replace");
    }
  }
  private rejoining = false;

  protected override updated(): void {
    document.title = this.name();
    if (!this.focusing) return;
    this.focusing = false;
    void this.focusHeading();
  }

  private async focusHeading(): Promise<void> {
    await this.page?.updateComplete;
    const root = this.page?.shadowRoot ?? this.page;
    root?.querySelector("h1")?.focus();
  }

  private name(): string {
    const { mentorships, me } = this.state;
    const unread = mentorships.reduce((sum, each) => sum + each.unread, 0);
    const place = ((): string => {
      const { route } = this;
      if (route.page === "new") return "New mentorship";
      if (route.page === "summary") return "Session";
      if (route.page === "statements") return "Statement";
      if (route.page !== "prejoin" && route.page !== "call") return "";
      const view = mentorships.find((each) => each.id === route.mentorship);
      if (!view || !me) return "";
      const { name } = otherOf(view, me).person;
      return route.page === "call" ? `Call with ${name}` : name;
    })();
    return [unread ? `(${unread})` : "", place ? `${place} · Ithaca` : "Ithaca"]
      .filter(Boolean)
      .join(" ");
  }

  override render(): unknown {
    const inCall = this.route.page === "call" && this.state.call?.phase !== "left";
    return html`
      <header>
        <a class="button skip" href="#main" @click=${this.skip}>Skip to the content</a>
        ${inCall ? nothing : html`<a class="home" href=${paths.home}>Ithaca</a>`}
      </header>
      <div class="page">${this.screen()}</div>
    `;
  }

  private skip(event: Event): void {
    event.preventDefault();
    void this.focusHeading();
  }

  private screen(): unknown {
    const { phase, trouble, link } = this.state;
    const { route } = this;
    if (phase === "starting") return this.starting();
    if (phase === "refused") return this.stopped(trouble, "Try again", () => location.reload());
    if (link.is === "stopped") {
      return this.stopped(link.trouble, "Use this tab", () => this.app.reconnectNow());
    }
    if (phase === "signed_out" && route.page !== "home" && route.page !== "open" && route.page !== "new") {
      return this.whoAreYou();
    }
    if (route.page === "new") return html`<ith-new .app=${this.app}></ith-new>`;
    if (route.page === "home" || route.page === "open") {
      return html`<ith-home .app=${this.app}></ith-home>`;
    }
    if (route.page === "summary") {
      return html`<ith-summary .app=${this.app} .session=${route.session}></ith-summary>`;
    }
    if (route.page === "statements") return html`<ith-statements .app=${this.app}></ith-statements>`;
    if (route.page === "unknown") return this.nothingHere();
    if (!this.state.mentorships.some((each) => each.id === route.mentorship)) {
      return link.is === "online" ? this.nothingHere() : this.starting();
    }
    if (route.page === "prejoin") {
      return html`<ith-prejoin .app=${this.app} .mentorship=${route.mentorship}></ith-prejoin>`;
    }
    return this.call(route.mentorship);
  }

  private call(mentorship: string): unknown {
    const { call } = this.state;
    if (call?.phase === "left" && (call.ended === "replaced" || call.ended === "revoked")) {
      const replaced = call.ended === "replaced";
      const ended = troubleOf("revoked");
      return html`
        <main id="main">
          <h1 tabindex="-1">
            ${replaced ? "The call went on elsewhere" : "The call ended for you"}
          </h1>
          <p>
            ${
              replaced
                ? "You joined it in another tab or browser, so this tab left it."
                : `${ended.what} ${ended.advice}`
            }
          </p>
          ${
            replaced
              ? html`<p><a class="button filled" href=${paths.prejoin(mentorship)}>Bring it back here</a></p>`
              : html`<p><a class="button" href=${paths.home}>To the start</a></p>`
          }
        </main>
      `;
    }
    if (call?.phase === "left" && call.ended === null) return this.notJoined(mentorship, call.trouble);
    if (!call || call.phase === "left") return this.starting();
    return html`<ith-call .app=${this.app} .mentorship=${mentorship}></ith-call>`;
  }

  /** The server does not let one in: it says why, and trying again is up to the person. */
  private notJoined(mentorship: string, trouble: Trouble | null): unknown {
    const { me, mentorships } = this.state;
    const view = mentorships.find((each) => each.id === mentorship);
    const by = me && view ? otherOf(view, me).person : null;
    const said = trouble ? `${trouble.what} ${trouble.advice}` : "";
    const words = trouble && by && view ? refusalWords(trouble, by, reaches(view)) : said;
    return html`
      <main id="main">
        <h1 tabindex="-1">You are not in the call</h1>
        ${words ? html`<p role="alert">${words}</p>` : nothing}
        <p class="row">
          <a class="button" href=${paths.prejoin(mentorship)}>Back</a>
          <a class="button" href=${paths.home}>To the start</a>
        </p>
      </main>
    `;
  }

  private whoAreYou(): unknown {
    return html`
      <main id="main">
        ${linkFirst()}
      </main>
    `;
  }

  private starting(): unknown {
    const { link } = this.state;
    return html`
      <main id="main">
        <h1 class="hidden" tabindex="-1">Ithaca</h1>
        <ith-wait
          words=${link.is === "offline" ? "No connection to Ithaca yet. Trying again…" : "Opening…"}
        ></ith-wait>
      </main>
    `;
  }

  private stopped(trouble: Trouble | null, action: string, act: () => void): unknown {
    // A link that is not known, or withdrawn, does not get better by trying again.
    const again =
      !trouble || !/^(invitation_|renewal_invalid|revoked|forbidden)/.test(trouble.code);
    return html`
      <main id="main">
        <h1 tabindex="-1">${trouble?.what ?? "This page cannot go on"}</h1>
        ${trouble ? html`<p>${trouble.advice}</p>` : nothing}
        <p>
          ${
            again
              ? html`<button class="filled" @click=${act}>${action}</button>`
              : html`<button @click=${this.signOut}>To the start</button>`
          }
        </p>
      </main>
    `;
  }

  private signOut(): void {
    this.app.signOut();
    navigate(paths.home);
  }

  private nothingHere(): unknown {
    return html`
      <main id="main">
        <h1 tabindex="-1">There is nothing here</h1>
        <p>The address may be old, or it belongs to someone else.</p>
        <p><a class="button filled" href=${paths.home}>To the start</a></p>
      </main>
    `;
  }
}
