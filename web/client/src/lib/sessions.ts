/** The sessions of a mentorship and their accounts, asked of the server; the sessions again with every
 * new connection. An account is asked for again by the page that shows it. */
import type { ServerFrame, SessionAccount, SessionPage, SessionView } from "../protocol/types.js";
import type { Access } from "./access.js";
import { withAccount, withSession, withSessions, type State } from "./state.js";

export class Sessions {
  private readonly asked = new Set<string>(); // the mentorships

  constructor(
    private readonly access: Pick<Access, "call">,
    private readonly change: (to: (state: State) => State) => void,
  ) {}

  async load(mentorship: string): Promise<void> {
    this.asked.add(mentorship);
    const path = `/v1/sessions?mentorship=${mentorship}`;
    const { sessions } = await this.access.call<SessionPage>("GET", path);
    if (!this.asked.has(mentorship)) return; // signed out meanwhile
    this.change((state) => withSessions(state, mentorship, sessions));
  }

  async account(session: string): Promise<SessionAccount> {
    const account = await this.access.call<SessionAccount>("GET", `/v1/sessions/${session}`);
    this.change((state) => withAccount(state, account));
    return account;
  }

  extend(session: string): Promise<void> {
    return this.say(session, "extend");
  }

  end(session: string): Promise<void> {
    return this.say(session, "end");
  }

  private async say(session: string, what: string): Promise<void> {
    const view = await this.access.call<SessionView>("POST", `/v1/sessions/${session}/${what}`);
    this.change((state) => withSession(state, view));
  }

  /** Frames may have been missed. What cannot be had now stays as it was until the next time. */
  handle(frame: ServerFrame): void {
    if (frame.t !== "auth.opened") return;
    for (const mentorship of this.asked) this.load(mentorship).catch(() => undefined);
  }

  /** Whoever comes next has asked for nothing. */
  forget(): void {
    this.asked.clear();
  }
}
