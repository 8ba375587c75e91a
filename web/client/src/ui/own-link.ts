import { LitElement, css, html, nothing, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";

import { Refused, type App, type Trouble } from "../lib/model.js";
import type { PersonView } from "../protocol/types.js";
import { base, controls } from "./base.js";
import "./last-seen.js";
import { notice } from "./parts/notice.js";
import "./parts/copy.js";
import "./parts/sheet.js";
import { navigate, paths } from "./route.js";
import { cityOf } from "./words/time.js";
import "./zone.js";

export const ownLink = (app: App, me: PersonView): TemplateResult =>
  html`<ith-own-link .app=${app} .me=${me}></ith-own-link>`;

/** To who is in a tab that knows nobody. */
export const linkFirst = (): TemplateResult => html`
  <h1 tabindex="-1">Use your link first</h1>
  <p>
    This page is for two people, and this tab does not know that you are one of them. Open your
    personal link in it, the one that you were given: what you look for is under <em>Your
    mentorships</em> then. A tab in which you opened it before still works.
  </p>
`;

/** One's own way in: a fresh link when the old one fell into wrong hands, leaving this tab; and what others
 * see of one. */
@customElement("ith-own-link")
export class OwnLink extends LitElement {
  static override styles = [
    base,
    controls,
    css`
      .ways {
        margin-inline-start: -17px; /* their words stand in line with the rest */
      }
    `,
  ];
  @property({ attribute: false }) app!: App;
  @property({ attribute: false }) me!: PersonView;
  @state() private asking: "link" | "seen" | "zone" | "out" | null = null;
  @state() private url: string | null = null;
  @state() private trouble: Trouble | null = null;

  override render(): unknown {
    return html`
      <p class="small soft">This tab speaks for <bdi>${this.me.name}</bdi>.</p>
      <div class="row ways">
        <button class="plain small" @click=${() => (this.asking = "link")}>
          ${this.url === null ? "Replace my link" : "Show my new link"}
        </button>
        <button class="plain small" @click=${() => (this.asking = "seen")}>When I was last here</button>
        <button class="plain small" @click=${() => (this.asking = "zone")}>Time zone: ${cityOf(this.me.zone)}</button>
        <button class="plain small" @click=${() => (this.asking = "out")}>Sign out of this tab</button>
      </div>
      <ith-last-seen
        .app=${this.app}
        .open=${this.asking === "seen"}
        @close=${() => this.asking === "seen" && this.done()}
      ></ith-last-seen>
      <ith-zone
        .app=${this.app}
        .me=${this.me}
        .open=${this.asking === "zone"}
        @close=${() => this.asking === "zone" && this.done()}
      ></ith-zone>
      <ith-sheet
        heading="Sign out of this tab?"
        .open=${this.asking === "out"}
        @close=${this.done}
      >
        <p>Then only your link opens Ithaca in it again: have it at hand.</p>
        <div class="row">
          <button class="clay" @click=${this.signOut}>Sign out</button>
          <button @click=${this.done}>Stay signed in</button>
        </div>
      </ith-sheet>
      <ith-sheet
        heading=${this.url === null ? "Replace my link" : "Your new link"}
        .open=${this.asking === "link"}
        @close=${this.done}
      >
        ${
          this.url === null
            ? html`
              <p>
                You get a new link. All earlier ones stop working, and whatever was opened with them
                stops too.
              </p>
              ${this.trouble ? notice(this.trouble) : nothing}
              <div class="row">
                <button class="filled" @click=${this.replace}>Make a new link</button>
                <button @click=${this.done}>Keep the one I have</button>
              </div>
            `
            : html`
              <p>
                This is your link now: personal, secret, and the only way in. Copy it to where you keep it.
                It can be seen here until you leave this page, and not again.
              </p>
              <ith-copy .text=${this.url}></ith-copy>
            `
        }
      </ith-sheet>
    `;
  }

  private async replace(): Promise<void> {
    this.trouble = null;
    try {
      this.url = await this.app.replaceLink();
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      this.trouble = error.trouble;
    }
  }

  /** A new link stays: whoever closed it too soon has no other. */
  private done(): void {
    this.asking = null;
    this.trouble = null;
  }

  private signOut(): void {
    this.app.signOut();
    navigate(paths.home);
  }
}
