import { css, html, nothing } from "lit";
import { customElement, property, state } from "lit/decorators.js";

import type { AppState } from "../../lib/model.js";
import type { AgreementView, MentorshipView, PersonView } from "../../protocol/types.js";
import { Ahead } from "../ahead.js";
import { Asking } from "../asking.js";
import { base, controls } from "../base.js";
import { AppElement } from "../element.js";
import { notice } from "../parts/notice.js";
import "../parts/sheet.js";
import { reaches } from "../words/safety.js";
import { fromWords, termsList, twoOf } from "../words/terms.js";
import { named } from "../words/time.js";
import "./meeting-form.js";
import "./terms-form.js";

/** What waits for an answer, and where one proposes terms and plans a meeting. */
@customElement("ith-arrange")
export class Arrange extends AppElement {
  static override styles = [
    base,
    controls,
    css`
      :host {
        display: grid;
        grid-template-columns: minmax(0, 1fr);
        gap: 12px;
      }
      .card {
        display: grid;
        gap: 12px;
      }
      /* As many columns as there is room for. */
      ul {
        columns: 20rem auto;
        column-gap: 32px;
        font-size: var(--small);
      }
      li {
        padding-block: 2px;
        break-inside: avoid;
      }
      .answer {
        justify-content: space-between;
      }
      .ways {
        margin-inline-start: -17px; /* their words stand in line with the rest */
      }
    `,
  ];
  @property({ attribute: false }) view!: MentorshipView;
  private readonly ahead = new Ahead(this, () => this.app);
  @state() private open: "terms" | "meeting" | null = null;
  private readonly asking = new Asking(this);

  protected override watch(state: AppState): readonly unknown[] {
    return [state.me, state.arranged];
  }

  override render(): unknown {
    const { me } = this.state;
    if (!me) return nothing;
    const { proposal } = this.view;
    const meeting = this.ahead.of(this.view);
    const movable = meeting && meeting.start_us > this.app.nowUs() ? meeting : null;
    const open = reaches(this.view); // else nothing new begins, and one still gets out of what was planned
    const planning = !movable ? "Plan a meeting" : open ? "Move or cancel the meeting" : "Cancel the meeting";
    const close = (): void => {
      this.open = null;
    };
    return html`
      ${proposal ? (proposal.state === "open" ? this.proposal(proposal, me) : this.declined(proposal, me)) : nothing}
      ${this.asking.trouble ? notice(this.asking.trouble) : nothing}
      <div class="row ways">
        ${
          open
            ? html`<button class="plain" @click=${() => (this.open = "terms")}>Propose terms</button>`
            : nothing
        }
        ${
          open || movable
            ? html`<button class="plain" @click=${() => (this.open = "meeting")}>
              ${planning}
            </button>`
            : nothing
        }
      </div>
      <ith-sheet heading="Propose terms" .open=${this.open === "terms"} @close=${close}>
        ${
          this.open === "terms"
            ? html`<ith-terms-form
              .app=${this.app}
              .me=${me}
              .mentorship=${this.view}
              @done=${close}
            ></ith-terms-form>`
            : nothing
        }
      </ith-sheet>
      <ith-sheet
        heading=${planning}
        .open=${this.open === "meeting"}
        @close=${close}
      >
        ${
          this.open === "meeting"
            ? html`<ith-meeting-form
              .app=${this.app}
              .me=${me}
              .mentorship=${this.view}
              .meeting=${movable}
              @done=${close}
            ></ith-meeting-form>`
            : nothing
        }
      </ith-sheet>
    `;
  }

  /** Where one is led to read it. On the element itself a `tabindex` would keep Tab out of all that is in it. */
  override focus(options?: FocusOptions): void {
    this.renderRoot.querySelector<HTMLElement>("#proposal")?.focus(options);
  }

  private proposal(proposal: AgreementView, me: PersonView): unknown {
    const two = twoOf(this.view, me);
    const mine = proposal.proposed_by === me.id;
    const { arrange } = this.app;
    const other = named(two.other.name);
    return html`
      <section class="card" aria-labelledby="proposal">
        <h2 id="proposal" tabindex="-1">${mine ? "Your proposal" : `${other} proposes`}</h2>
        <ul class="number">
          ${termsList(proposal.terms, two).map((line) => html`<li>${line}</li>`)}
        </ul>
        <div class="row answer">
          <p class="small soft">
            ${fromWords(proposal, this.app.nowUs(), me.zone)}
            ${mine ? `Waiting for ${other} to accept.` : "It counts only once you accept."}
          </p>
          <div class="row">
            ${
              mine
                ? html`<button
                  ?disabled=${this.asking.busy}
                  @click=${() => this.say(() => arrange.withdraw(this.view.id, proposal.version))}
                >
                  Withdraw
                </button>`
                : html`${
                    reaches(this.view)
                      ? html`<button
                        class="filled"
                        ?disabled=${this.asking.busy}
                        @click=${() => this.say(() => arrange.accept(this.view.id, proposal.version))}
                      >
                        Accept
                      </button>`
                      : nothing
                  }
                  <button
                    ?disabled=${this.asking.busy}
                    @click=${() => this.say(() => arrange.decline(this.view.id, proposal.version))}
                  >
                    Decline
                  </button>`
            }
          </div>
        </div>
      </section>
    `;
  }

  /** Until somebody proposes anew, which begins from these. */
  private declined(proposal: AgreementView, me: PersonView): unknown {
    const two = twoOf(this.view, me);
    const other = named(two.other.name);
    const mine = proposal.proposed_by === me.id;
    const said = mine ? `${other} declined the terms that you proposed.` : `You declined what ${other} proposed.`;
    const stays = this.view.agreement ? "What you agreed on before stays." : "No terms are in force.";
    return html`<p role="status">${said} <span class="soft">${stays}</span></p>`;
  }

  /** A button that goes, or cannot be pressed for a moment, takes the focus with it. */
  protected override updated(): void {
    if (!this.pressed || this.asking.busy || document.activeElement !== document.body) return;
    const stays = this.pressed.isConnected;
    (stays ? this.pressed : this.renderRoot.querySelector<HTMLElement>("button.plain"))?.focus();
    if (!stays) this.pressed = null;
  }
  private pressed: HTMLElement | null = null;

  private async say(send: () => Promise<void>): Promise<void> {
    this.pressed = (this.renderRoot as ShadowRoot).activeElement as HTMLElement | null;
    await this.asking.run(send);
  }
}
