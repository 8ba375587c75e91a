/** Knows in a call what it was booked as, and whether it was said to go on. */
import type { ReactiveController, ReactiveControllerHost } from "lit";

import { Refused, type App } from "../../lib/model.js";
import type { SessionAccount, SessionView, Terms } from "../../protocol/types.js";
import { bookedWords, nextWords, unprovenWords, type BookedWords } from "../words/booked.js";

const AGAIN_US = 10_000_000;
const SOON_US = 180_000_000; // before the booked end, from when on what others say is news

export class Booked implements ReactiveController {
  private account: SessionAccount | null = null;
  private loading = false;
  private triedUs = 0;
  /** Of which session it was asked what is planned after it. */
  private planned: string | null = null;
  /** Of which session this person said to keep to the time. */
  private kept: string | null = null;

  constructor(
    private readonly host: ReactiveControllerHost,
    private readonly app: () => App,
  ) {
    host.addController(this);
  }

  hostConnected(): void {}

  /** What is to be said of the booked time now, if anything. */
  words(
    session: SessionView | null,
    pays: boolean,
    me: { readonly zone: string },
    other: { readonly name: string },
  ): BookedWords | null {
    if (!session || session.started_us == null || session.state !== "open") return null;
    const nowUs = this.app().nowUs();
    if (this.isNews(session, nowUs)) void this.load(session.id, nowUs);
    const { account } = this;
    if (account?.id !== session.id) return null;
    const arranged = this.app().state.arranged[session.mentorship];
    this.plan(account, nowUs);
    return (
      nextWords(account, arranged?.meetings ?? [], nowUs, me.zone) ??
      bookedWords(account, nowUs, pays, me, other, this.kept === session.id)
    );
  }

  /** What is to be said when nothing proves the time of a session; `agreed` holds until it is known
   * what that session goes by. */
  unproven(session: SessionView, agreed: Terms | undefined): string | null {
    const account = this.account?.id === session.id ? this.account : null;
    return unprovenWords(account?.terms ?? agreed, account, this.app().nowUs());
  }

  keep(): void {
    this.kept = this.account?.id ?? null;
    this.host.requestUpdate();
  }

  async goOn(): Promise<void> {
    const session = this.account?.id;
    if (!session) return;
    await this.app().extendSession(session);
    await this.load(session, this.app().nowUs());
  }

  private isNews(session: SessionView, nowUs: number): boolean {
    const { account } = this;
    if (this.loading || nowUs < this.triedUs + AGAIN_US) return false;
    if (account?.id !== session.id) return true;
    if (!account.booked || account.version >= session.version) return false;
    return nowUs > account.booked.start_us + account.booked.length_us - SOON_US;
  }

  /** What follows a meeting is asked for when its end is near. */
  private plan({ id, mentorship, booked }: SessionAccount, nowUs: number): void {
    if (!booked || this.planned === id || nowUs <= booked.start_us + booked.length_us - SOON_US) return;
    this.planned = id;
    this.app()
      .arrange.load(mentorship)
      .catch(() => (this.planned = null)); // with what is drawn next
  }

  private async load(session: string, nowUs: number): Promise<void> {
    this.loading = true;
    try {
      this.account = await this.app().loadAccount(session);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      this.triedUs = nowUs; // once more in a while
    } finally {
      this.loading = false;
    }
    this.host.requestUpdate();
  }
}
