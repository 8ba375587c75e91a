import { html, nothing } from "lit";
import { customElement, property, state } from "lit/decorators.js";

import type { MeetingView, PersonView } from "../../protocol/types.js";
import {
  meetingEntries,
  meetingOf,
  type MeetingEntries,
  type MeetingField,
} from "../words/arrange-form.js";
import { noticeWords, stretch } from "../words/arranged.js";
import { otherOf } from "../words/people.js";
import { reaches } from "../words/safety.js";
import { twoOf } from "../words/terms.js";
import { bothStretches, named } from "../words/time.js";
import { readBy } from "../words/zone.js";
import { ArrangeForm } from "./form.js";

/** When to meet; with a `meeting`, when instead. What is typed is read by the clock by which it was opened,
 * though one takes another zone meanwhile. */
@customElement("ith-meeting-form")
export class MeetingForm extends ArrangeForm<MeetingField> {
  @property({ attribute: false }) meeting: MeetingView | null = null;
  @state() private cancelling = false;
  private opener!: PersonView; // oneself, as of then

  protected override fresh(): MeetingEntries {
    this.opener = this.me;
    return meetingEntries(this.meeting, this.app.nowUs(), this.me.zone);
  }

  override render(): unknown {
    // Who does not reach the other any more still need not come.
    if (this.meeting && !reaches(this.mentorship)) return this.form(nothing, this.sure(this.meeting));
    return this.form(
      html`
        <div class="pair">
          ${this.field("day", "Day", this.input("day", "date"))}
          ${this.field("start_us", "Time", this.input("start_us", "time"))}
          ${this.field("length_us", "Minutes", this.input("length_us", "text", "numeric"))}
        </div>
        <p class="small soft number" role="status">
          ${this.clocks()} ${readBy(this.opener.zone, this.me.zone)}
        </p>
      `,
      this.meeting && this.cancelling ? this.sure(this.meeting) : this.buttons(),
    );
  }

  private buttons(): unknown {
    return html`
      <button class="filled" ?disabled=${this.asking.busy}>${this.meeting ? "Move it" : "Plan it"}</button>
      ${
        this.meeting
          ? html`<button type="button" class="clay" @click=${() => this.ask(true)}>
            Cancel the meeting
          </button>`
          : nothing
      }
    `;
  }

  /** One press is too little for what the other reckons with. */
  private sure(meeting: MeetingView): unknown {
    const { person } = otherOf(this.mentorship, this.me);
    const when = stretch(meeting, this.opener.zone, this.app.nowUs());
    return html`
      <p role="alert">
        Cancel the meeting of ${when}? ${named(person.name)} reads it in your conversation.
      </p>
      <button type="button" class="clay" ?disabled=${this.asking.busy} @click=${this.cancel}>
        Yes, cancel it
      </button>
      <button type="button" class="keep" @click=${this.keep}>Keep it</button>
    `;
  }

  private keep(): void {
    if (this.cancelling) void this.ask(false);
    else this.dispatchEvent(new Event("done"));
  }

  private async ask(whether: boolean): Promise<void> {
    this.cancelling = whether;
    await this.updateComplete;
    this.renderRoot.querySelector<HTMLElement>(whether ? ".keep" : ".clay")?.focus();
  }

  /** What was chosen, by both clocks. */
  private clocks(): string {
    const { meeting, wrong } = meetingOf(this.entries, this.app.nowUs(), this.opener.zone);
    if (wrong.day || wrong.start_us || wrong.length_us) return "";
    const { person } = otherOf(this.mentorship, this.me);
    const { start_us, length_us } = meeting;
    const { agreement } = this.mentorship;
    const chosen = { start_us, length_us, told_us: this.app.nowUs(), told_by: this.me.id };
    const notice = noticeWords(agreement, chosen, this.meeting, twoOf(this.mentorship, this.me));
    return `${bothStretches(start_us, start_us + length_us, this.opener, person)}. ${notice}`;
  }

  protected override asked(): ReturnType<ArrangeForm<MeetingField>["asked"]> {
    const { meeting, wrong } = meetingOf(this.entries, this.app.nowUs(), this.opener.zone);
    const { arrange } = this.app;
    const { id } = this.mentorship;
    const { start_us, length_us } = meeting;
    const before = this.meeting;
    const send = (): Promise<void> =>
      before ? arrange.move(id, before.id, { start_us, length_us }) : arrange.plan(id, meeting);
    return { wrong, send };
  }

  private cancel(): void {
    const { meeting, mentorship } = this;
    if (meeting) void this.doing(() => this.app.arrange.cancel(mentorship.id, meeting.id));
  }
}
