import { LitElement, css, html, nothing, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";

import { Refused, type App, type Trouble } from "../lib/model.js";
import type { PersonView } from "../protocol/types.js";
import { base, controls } from "./base.js";
import { notice } from "./parts/notice.js";
import "./parts/copy.js";
import "./parts/sheet.js";
import { navigate, paths } from "./route.js";

export const ownLink = (app: App, me: PersonView): TemplateResult =>
  html`<ith-own-link .app=${app} .me=${me}></ith-own-link>`;

/** One's own way in: a fresh link when the old one fell into wrong hands, and leaving this tab. */
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
  @state() private asking = false;
  @state() private url: string | null = null;
  @state() private trouble: Trouble | null = null;

  override render(): unknown {
    return html`
      <p class="small soft">This tab speaks for <bdi>${this.me.name}</bdi>.</p>
      <div class="row ways">
        <button class="plain small" @click=${() => (this.asking = true)}>Replace my link</button>
        <button class="plain small" @click=${this.signOut}>Sign out of this tab</button>
      </div>
      <ith-sheet heading="Replace my link" .open=${this.asking} @close=${this.done}>
        ${
          this.url === null
            ? html`
              <p>
                You get a new link. All earlier ones stop working, and whatever was opened with them
                stops too.
              </p>
              ${this.trouble ? notice(this.trouble) : nothing}
              <button class="filled" @click=${this.replace}>Make a new link</button>
            `
            : html`
              <p>This is your link now. Keep it: it is personal and secret.</p>
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

  private done(): void {
    this.asking = false;
    this.url = null;
    this.trouble = null;
  }

  private signOut(): void {
    this.app.signOut();
    navigate(paths.home);
  }
}
