/** Leaving, blocking, reporting: asked of the server, and told by it to both pages. */
import type { MentorshipView, NewReport, Reported } from "../protocol/types.js";
import type { Access } from "./access.js";
import type { Safety } from "./model.js";

export class SafetyOf implements Safety {
  /** A report that may have been taken already is sent again under the same key. */
  private form: { readonly text: string; readonly key: string } | null = null;

  constructor(
    private readonly access: Pick<Access, "call">,
    private readonly newId: () => string,
    private readonly took: (view: MentorshipView) => void,
  ) {}

  async leave(mentorship: string): Promise<void> {
    const path = `/v1/mentorships/${mentorship}/leave`;
    this.took(await this.access.call<MentorshipView>("POST", path));
  }

  async block(mentorship: string, on: boolean): Promise<void> {
    const path = `/v1/mentorships/${mentorship}/block`;
    this.took(await this.access.call<MentorshipView>("POST", path, { on }));
  }

  async report(mentorship: string, report: NewReport): Promise<void> {
    const text = `${mentorship} ${JSON.stringify(report)}`;
    if (this.form?.text !== text) this.form = { text, key: this.newId() };
    const path = `/v1/mentorships/${mentorship}/report`;
    await this.access.call<Reported>("POST", path, report, this.form.key);
    this.form = null;
  }
}
