import { html, nothing } from "lit";
import { customElement, property } from "lit/decorators.js";

import type { MeetingView } from "../../protocol/types.js";
import {
  meetingEntries,
  meetingOf,
  type MeetingEntries,
  type MeetingField,
} from "../words/arrange-form.js";
import { otherOf } from "../words/people.js";
import { bothStretches } from "../words/time.js";
import { ArrangeForm } from "./form.js";

/** When to meet; with a `meeting`, when instead. */
@customElement("ith-meeting-form")
export class MeetingForm extends ArrangeForm<MeetingField> {
  @property({ attribute: false }) meeting: MeetingView | null = null;

  protected override fresh(): MeetingEntries {
    return meetingEntries(this.meeting, this.app.nowUs(), this.me.zone);
  }

  override render(): unknown {
    return this.form(
      html`
        <div class="pair">
          ${this.field("day", "Day", this.input("day", "date"))}
          ${this.field("start_us", "Time", this.input("start_us", "time"))}
          ${this.field("length_us", "Minutes", this.input("length_us", "text", "numeric"))}
        </div>
        <p class="small soft number" role="status">${this.clocks()}</p>
      `,
      html`
        <button class="filled" ?disabled=${this.busy}>${this.meeting ? "Move it" : "Plan it"}</button>
        ${
          this.meeting
            ? html`<button type="button" class="clay" ?disabled=${this.busy} @click=${this.cancel}>
              Cancel the meeting
            </button>`
            : nothing
        }
      `,
    );
  }

  /** What was chosen, by both clocks. */
  private clocks(): string {
    const { meeting, wrong } = meetingOf(this.entries, this.app.nowUs(), this.me.zone);
    if (wrong.day || wrong.start_us || wrong.length_us) return "";
    const { person } = otherOf(this.mentorship, this.me);
    const { start_us, length_us } = meeting;
    return `${bothStretches(start_us, start_us + length_us, this.me, person)}.`;
  }

  protected override asked(): ReturnType<ArrangeForm<MeetingField>["asked"]> {
    const { meeting, wrong } = meetingOf(this.entries, this.app.nowUs(), this.me.zone);
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
