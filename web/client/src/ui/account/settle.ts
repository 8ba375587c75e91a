import { LitElement, css, html, nothing } from "lit";
import { customElement, property, state } from "lit/decorators.js";

import { Refused, type App, type Trouble } from "../../lib/model.js";
import type { SessionAccount, SessionView } from "../../protocol/types.js";
import { base, controls } from "../base.js";
import { notice } from "../parts/notice.js";
import "../parts/sheet.js";
import type { Sheet } from "../parts/sheet.js";
import { costOf } from "../words/bill.js";
import type { Pair } from "../words/people.js";
import {
  concession,
  finalWords,
  followsWords,
  leftWords,
  reasonTrouble,
  standing,
  type Standing,
} from "../words/settlement.js";
import { brief, named } from "../words/time.js";

type Asking = "contest" | "giveIn";

/** What both say to the amount: *Confirm*, *Contest*, and giving in to the other. */
@customElement("ith-settle")
export class Settle extends LitElement {
  static override styles = [
    base,
    controls,
    css`
      :host,
      form {
        display: grid;
        grid-template-columns: minmax(0, 1fr);
        gap: 12px;
      }
      textarea {
        min-height: 6lh;
        resize: vertical;
      }
      .hint {
        display: flex;
        justify-content: space-between;
        gap: 12px;
      }
      .hint :last-child {
        flex: none;
      }
      .follows {
        display: grid;
        gap: 4px;
        padding-inline-start: 1.2em;
        list-style: disc;
      }
      .minutes {
        max-width: 8rem;
      }
      figure {
        display: grid;
        gap: 4px;
      }
      blockquote {
        margin: 0;
        padding-inline-start: 12px;
        border-inline-start: 3px solid var(--amber);
        white-space: pre-line;
      }
      @media print {
        .row,
        .final {
          display: none;
        }
      }
    `,
  ];
  @property({ attribute: false }) app!: App;
  @property({ attribute: false }) view!: SessionView;
  @property({ attribute: false }) account!: SessionAccount;
  @property({ attribute: false }) pair!: Pair;
  @state() private asking: Asking | null = null;
  @state() private reason = "";
  @state() private minutes = "";
  @state() private told = false; // what is wrong with the entries, once one tried
  @state() private busy = false;
  @state() private trouble: Trouble | null = null;

  override render(): unknown {
    const { view, account, pair } = this;
    const stands = standing(view, account.notes, pair);
    if (!stands) return nothing;
    return html`
      <h2 tabindex="-1">Is that right?</h2>
      <div role="status">
        <p>${stands.text} <span class="soft">${stands.more}</span></p>
      </div>
      ${this.reasonOf(stands)}
      ${this.trouble && !this.asking ? notice(this.trouble) : nothing} ${this.buttons(stands)}
      <ith-sheet
        .heading=${this.asking === "giveIn" ? "Give in" : "Contest the amount"}
        .open=${this.asking !== null}
        @close=${this.closed}
      >
        ${this.asking ? this.form(this.asking) : nothing}
      </ith-sheet>
    `;
  }

  private reasonOf({ reason, by }: Standing): unknown {
    if (!reason) return nothing;
    return html`<figure>
      <figcaption class="small soft">${by}</figcaption>
      <blockquote dir="auto">${reason}</blockquote>
    </figure>`;
  }

  private buttons(stands: Standing): unknown {
    const { can } = stands;
    const final = finalWords(stands);
    if (!can.confirm && !can.contest && !can.giveIn) return nothing;
    return html`
      <div class="row">
        ${
          can.confirm
            ? html`<button ?disabled=${this.busy} @click=${this.confirm}>Confirm</button>`
            : nothing
        }
        ${
          can.contest
            ? html`<button ?disabled=${this.busy} @click=${() => this.ask("contest")}>Contest</button>`
            : nothing
        }
        ${
          can.giveIn
            ? html`<button ?disabled=${this.busy} @click=${() => this.ask("giveIn")}>Give in</button>`
            : nothing
        }
      </div>
      ${final ? html`<p class="final small soft">${final}</p>` : nothing}
    `;
  }

  // ---- the sheet ---------------------------------------------------------------------------------

  private form(asking: Asking): unknown {
    const { pair, account, view } = this;
    const stands = standing(view, account.notes, pair);
    const wrong = this.told ? this.wrongs() : { reason: "", minutes: "" };
    return html`
      <form novalidate @submit=${this.submitted}>
        <p>${stands?.text ?? ""}</p>
        ${
          asking === "giveIn"
            ? html`${stands ? this.reasonOf(stands) : nothing}
              ${this.minutesField(wrong.minutes)}`
            : nothing
        }
        <div class="field">
          <label for="reason">${asking === "giveIn" ? "Your reason" : "What is not right?"}</label>
          <textarea
            id="reason"
            dir="auto"
            aria-describedby="reason-hint"
            aria-invalid=${wrong.reason ? "true" : nothing}
            .value=${this.reason}
            @input=${(event: Event) => (this.reason = (event.target as HTMLTextAreaElement).value)}
          ></textarea>
          <div class="hint small" id="reason-hint">
            <span class=${wrong.reason ? "error" : "soft"}
              >${wrong.reason || `${named(pair.other.name)} reads this.`}</span
            >
            <span class="soft number">${leftWords(this.reason)}</span>
          </div>
        </div>
        ${
          asking === "contest"
            ? html`<div>
              <p>What follows:</p>
              <ul class="follows soft">${followsWords(pair).map((words) => html`<li>${words}</li>`)}</ul>
            </div>`
            : nothing
        }
        ${this.trouble ? notice(this.trouble) : nothing}
        <div class="row">
          <button class="filled" ?disabled=${this.busy}>
            ${asking === "giveIn" ? "Change the amount" : "Contest it"}
          </button>
          <button type="button" @click=${this.closed}>Leave it as it is</button>
        </div>
      </form>
    `;
  }

  private minutesField(wrong: string): unknown {
    const { account, pair } = this;
    const us = concession(this.minutes, this.billedUs, this.account.concession_most_us, pair);
    const cost = typeof us === "number" ? costOf(account, us) : "";
    return html`
      <div class="field">
        <label for="minutes">Minutes to ${this.account.bill.currency ? "be billed" : "count"} instead of ${brief(this.billedUs)}</label>
        <input
          id="minutes"
          class="minutes number"
          inputmode="numeric"
          autocomplete="off"
          aria-describedby="minutes-hint"
          aria-invalid=${wrong ? "true" : nothing}
          .value=${this.minutes}
          @input=${(event: Event) => (this.minutes = (event.target as HTMLInputElement).value)}
        />
        <p class="small ${wrong ? "error" : "soft"}" id="minutes-hint">
          ${wrong || (cost ? `That is ${cost}.` : this.wayWords())}
        </p>
      </div>
    `;
  }

  private wayWords(): string {
    return this.pair.me.id === this.pair.mentor ? "Fewer than now." : "More than now.";
  }

  private get billedUs(): number {
    return (this.view.settlement?.bill ?? this.account.bill).billed_us;
  }

  private wrongs(): { readonly reason: string; readonly minutes: string } {
    const us = concession(this.minutes, this.billedUs, this.account.concession_most_us, this.pair);
    const minutes = this.asking === "giveIn" && typeof us === "string" ? us : "";
    return { reason: reasonTrouble(this.reason), minutes };
  }

  private ask(asking: Asking): void {
    this.asking = asking;
    this.told = false;
    this.trouble = null;
  }

  private closed(): void {
    this.asking = null;
  }

  private async submitted(event: Event): Promise<void> {
    event.preventDefault();
    this.told = true;
    const wrong = this.wrongs();
    if (wrong.minutes || wrong.reason) {
      this.renderRoot.querySelector<HTMLElement>(wrong.minutes ? "#minutes" : "#reason")?.focus();
      return;
    }
    const { asking, reason, minutes } = this;
    const us = concession(minutes, this.billedUs, this.account.concession_most_us, this.pair);
    const { id } = this.view;
    const done = await this.act(async () => {
      if (asking === "giveIn" && typeof us === "number") await this.app.ledger.correct(id, us, reason);
      else if (asking === "contest") await this.app.ledger.contest(id, this.revision, reason);
    });
    if (!done) return;
    this.asking = null;
    this.reason = this.minutes = "";
    await this.lead();
  }

  private async confirm(): Promise<void> {
    await this.act(() => this.app.ledger.confirm(this.view.id, this.revision));
    await this.lead();
  }

  /** To how it stands now: the button that was pressed may be gone. */
  private async lead(): Promise<void> {
    await this.updateComplete;
    await this.renderRoot.querySelector<Sheet>("ith-sheet")?.updateComplete; // it gives the focus back
    this.renderRoot.querySelector("h2")?.focus();
  }

  /** Of the settlement that one sees. */
  private get revision(): number {
    return this.view.settlement?.revision ?? 0;
  }

  /** Whether it was done. What was refused because it has changed meanwhile is shown as it is now. */
  private async act(what: () => Promise<void>): Promise<boolean> {
    this.busy = true;
    this.trouble = null;
    try {
      await what();
      return true;
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      this.trouble = error.trouble;
      const changed = ["stale_revision", "contested", "already_confirmed", "not_settled"];
      if (changed.includes(error.trouble.code)) {
        await this.app.loadAccount(this.view.id).catch(() => undefined); // then the words alone
      }
      return false;
    } finally {
      this.busy = false;
    }
  }
}
