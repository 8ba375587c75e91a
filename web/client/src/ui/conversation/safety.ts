import { css, html, nothing } from "lit";
import { customElement, property, query, state } from "lit/decorators.js";

import type { AppState } from "../../lib/model.js";
import { COPIES, begin, reportOf, type Begun } from "../../lib/report.js";
import { REPORT_WORDS_MAX, type MentorshipView } from "../../protocol/types.js";
import { Asking } from "../asking.js";
import { base, controls } from "../base.js";
import { AppElement } from "../element.js";
import "../parts/sheet.js";
import { otherOf } from "../words/people.js";
import { REASONS, blockWords, leaveWords, reportWords } from "../words/safety.js";
import { named } from "../words/time.js";

type Step = "leave" | "block" | "report" | "reported";

/** Leaving a mentorship, blocking the other, reporting them: what each does, before one does it. What is
 * `done` (event) the owner says. With `report` there is only that. */
@customElement("ith-safety")
export class Safety extends AppElement {
  static override styles = [
    base,
    controls,
    css`
      .all {
        display: grid;
        gap: 4px;
        justify-items: start;
      }
      .all .plain {
        padding-inline: 0;
      }
      form {
        display: grid;
        gap: 16px;
      }
      .check {
        display: flex;
        gap: 8px;
        align-items: center;
        min-height: 44px;
        font-weight: inherit;
      }
      .check input {
        width: 20px;
        min-height: 20px;
      }
    `,
  ];
  @property({ attribute: false }) view!: MentorshipView;
  @property({ type: Boolean }) report = false;
  @state() private step: Step | null = null;
  @state() private lacksReason = false;
  @state() private begun: Begun | null = null; // while one reports
  private readonly asking = new Asking(this);
  @query("form") private form!: HTMLFormElement;

  protected override watch(state: AppState): readonly unknown[] {
    return [state.me, state.mentorships];
  }

  override render(): unknown {
    const { me } = this.state;
    if (!me) return nothing;
    const other = otherOf(this.view, me).person;
    const name = named(other.name);
    const { closed_us, blocked_by_me = false } = this.view;
    return html`
      <div class="all">
        <button class="plain" @click=${() => this.open("report")}>Report ${name}</button>
        ${
          this.report
            ? nothing
            : blocked_by_me
            ? html`<button class="plain" @click=${() => this.act(() => this.app.safety.block(this.view.id, false))}>
              Let ${name} reach you again
            </button>`
            : html`<button class="plain" @click=${() => this.open("block")}>Block ${name}</button>`
        }
        ${
          closed_us == null && !this.report
            ? html`<button class="plain" @click=${() => this.open("leave")}>Leave this mentorship</button>`
            : nothing
        }
        ${this.step === null ? this.said() : nothing}
      </div>
      <ith-sheet heading=${this.step === "block" ? `Block ${name}?` : HEADINGS[this.step ?? "report"]} .open=${this.step !== null} @close=${this.close}>
        ${this.content(this.step, other)}
      </ith-sheet>
    `;
  }

  private content(step: Step | null, other: Parameters<typeof leaveWords>[0]): unknown {
    const { id } = this.view;
    if (step === null) return nothing;
    if (step === "reported") {
      return html`
        <p role="status">Thank you. It was sent, and whoever runs this server will read it.</p>
        <div class="row"><button @click=${this.close}>Close</button></div>
      `;
    }
    if (step === "report") return this.begun && this.reporting(other, this.begun);
    const leaving = step === "leave";
    const run = (): Promise<void> => (leaving ? this.app.safety.leave(id) : this.app.safety.block(id, true));
    return html`
      <p>${leaving ? leaveWords(other) : blockWords(other)}</p>
      ${this.said()}
      <div class="row">
        <button class="clay" ?disabled=${this.asking.busy} @click=${() => this.act(run)}>
          ${leaving ? "Leave" : "Block"}
        </button>
        <button @click=${this.close}>Not now</button>
      </div>
    `;
  }

  private reporting(other: Parameters<typeof leaveWords>[0], { mayBlock, mayLeave }: Begun): unknown {
    const name = named(other.name);
    return html`
      <form novalidate @submit=${this.send}>
        <p>${reportWords(other)}</p>
        <div class="field">
          <label for="reason">What is it about?</label>
          <select
            id="reason"
            name="reason"
            autofocus
            required
            aria-invalid=${this.lacksReason ? "true" : nothing}
            aria-describedby="reason-lacks"
            @change=${() => (this.lacksReason = false)}
          >
            <option value="" disabled selected>Choose what comes closest</option>
            ${Object.entries(REASONS).map(([reason, words]) => html`<option value=${reason}>${words}</option>`)}
          </select>
          <p id="reason-lacks" class="error" ?hidden=${!this.lacksReason}>Choose what it is about.</p>
        </div>
        <div class="field">
          <label for="words">What happened? You may leave it empty.</label>
          <textarea id="words" name="words" rows="4" dir="auto" maxlength=${REPORT_WORDS_MAX}></textarea>
        </div>
        <div>
          <label class="check"><input type="checkbox" name="copies" checked />Send the last ${COPIES} messages along</label>
          ${
            mayBlock
              ? html`<label class="check"><input type="checkbox" name="block" />Block ${name} too</label>`
              : nothing
          }
          ${
            mayLeave
              ? html`<label class="check"><input type="checkbox" name="leave" />Leave this mentorship too</label>`
              : nothing
          }
        </div>
        ${this.said()}
        <div class="row">
          <button class="filled" ?disabled=${this.asking.busy}>Send</button>
          <button type="button" @click=${this.close}>Not now</button>
        </div>
      </form>
    `;
  }

  private said(): unknown {
    const { trouble } = this.asking;
    return trouble ? html`<p class="error" role="alert">${trouble.what} ${trouble.advice}</p>` : nothing;
  }

  private open(step: Step): void {
    this.asking.clear();
    this.lacksReason = false;
    this.step = step;
    const log = this.state.conversations[this.view.conversation];
    this.begun = step === "report" ? begin(this.view, log?.messages ?? []) : null;
  }

  private close(event: Event): void {
    event.stopPropagation();
    const done = this.step === "reported";
    this.step = null;
    if (done) this.dispatchEvent(new Event("done"));
  }

  private async send(event: Event): Promise<void> {
    event.preventDefault();
    const { begun } = this;
    if (!begun) return;
    const reason = this.form.elements.namedItem("reason") as HTMLSelectElement;
    if (!reason.value) {
      this.lacksReason = true;
      reason.focus();
      return;
    }
    const report = reportOf(begun, new FormData(this.form));
    await this.act(() => this.app.safety.report(this.view.id, report), "reported");
  }

  private async act(run: () => Promise<void>, then: Step | null = null): Promise<void> {
    if (!(await this.asking.run(run))) return;
    this.step = then;
    if (then === null) this.dispatchEvent(new Event("done"));
  }
}

const HEADINGS: Readonly<Record<Exclude<Step, "block">, string>> = {
  leave: "Leave this mentorship?",
  report: "Report to whoever runs this server",
  reported: "Reported",
};
