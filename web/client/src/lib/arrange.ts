/** What two people agree on and plan, asked of the server; what they arranged so far again with every
 * change and every new connection. */
import type {
  AgreementPage,
  MeetingPage,
  MeetingView,
  MoveMeeting,
  NewAgreement,
  NewMeeting,
  ServerFrame,
} from "../protocol/types.js";
import type { Access } from "./access.js";
import type { Arrange, Arranged } from "./model.js";

/** How far back meetings are looked for. */
const PAST_US = 90 * 86_400_000_000;
const PAGE = 100;
/** More than two people ever plan; an answer that never ends must not keep a page busy. */
const PAGES_MOST = 20;

export class Arrangements implements Arrange {
  /** A form that may have been taken already is sent again under the same key. */
  private readonly forms = new Map<string, { readonly text: string; readonly key: string }>();

  /** By mentorship: how often it was asked, and which of these answers is shown. */
  private readonly asked = new Map<string, { times: number; shown: number }>();

  constructor(
    private readonly access: Pick<Access, "call">,
    private readonly newId: () => string,
    private readonly nowUs: () => number,
    private readonly took: (mentorship: string, arranged: Arranged) => void,
  ) {}

  async load(mentorship: string): Promise<void> {
    const asked = this.asked.get(mentorship) ?? { times: 0, shown: 0 };
    this.asked.set(mentorship, asked);
    const time = (asked.times += 1);
    const of = `/v1/mentorships/${mentorship}`;
    const [{ agreements }, meetings] = await Promise.all([
      this.access.call<AgreementPage>("GET", `${of}/agreements`),
      this.meetings(of),
    ]);
    // Signed out meanwhile, or overtaken by a newer answer.
    if (this.asked.get(mentorship) !== asked || time < asked.shown) return;
    asked.shown = time;
    this.took(mentorship, { agreements, meetings });
  }

  /** All of them: one that was set just now may be the last to end. */
  private async meetings(of: string): Promise<readonly MeetingView[]> {
    const found: MeetingView[] = [];
    let after = Math.max(0, this.nowUs() - PAST_US);
    for (let page = 0; page < PAGES_MOST; page += 1) {
      const path = `${of}/meetings?after_us=${after}&limit=${PAGE}`;
      const { meetings } = await this.access.call<MeetingPage>("GET", path);
      found.push(...meetings);
      const last = meetings.at(-1);
      if (!last || meetings.length < PAGE) break;
      after = last.start_us + last.length_us;
    }
    return found;
  }

  /** What cannot be had now stays as it was until the next time. */
  handle(frame: ServerFrame): void {
    const changed =
      frame.t === "auth.opened"
        ? [...this.asked.keys()]
        : frame.t === "mentorship.changed" && this.asked.has(frame.mentorship.id)
          ? [frame.mentorship.id]
          : [];
    for (const mentorship of changed) this.load(mentorship).catch(() => undefined);
  }

  /** Whoever comes next has asked for nothing. */
  forget(): void {
    this.asked.clear();
  }

  propose(mentorship: string, wish: NewAgreement): Promise<void> {
    return this.once(`/v1/mentorships/${mentorship}/agreements`, wish);
  }

  accept(mentorship: string, version: number): Promise<void> {
    return this.say(`/v1/mentorships/${mentorship}/agreements/${version}/accept`);
  }

  decline(mentorship: string, version: number): Promise<void> {
    return this.say(`/v1/mentorships/${mentorship}/agreements/${version}/decline`);
  }

  withdraw(mentorship: string, version: number): Promise<void> {
    return this.say(`/v1/mentorships/${mentorship}/agreements/${version}/withdraw`);
  }

  plan(mentorship: string, wish: NewMeeting): Promise<void> {
    return this.once(`/v1/mentorships/${mentorship}/meetings`, wish);
  }

  move(mentorship: string, meeting: string, wish: MoveMeeting): Promise<void> {
    return this.say(`/v1/mentorships/${mentorship}/meetings/${meeting}/move`, wish);
  }

  cancel(mentorship: string, meeting: string): Promise<void> {
    return this.say(`/v1/mentorships/${mentorship}/meetings/${meeting}/cancel`);
  }

  private async once(path: string, wish: object): Promise<void> {
    const text = JSON.stringify(wish);
    const before = this.forms.get(path);
    const form = before?.text === text ? before : { text, key: this.newId() };
    this.forms.set(path, form);
    await this.access.call("POST", path, wish, form.key);
    this.forms.delete(path);
  }

  private async say(path: string, wish?: object): Promise<void> {
    await this.access.call("POST", path, wish);
  }
}
