/** What the two say after a session and begin the next one with, asked of the server, and asked
 * again when it may have changed: what a page has looked at stays true. */
import type {
  NextSteps,
  ReflectionView,
  SaveReflection,
  ServerFrame,
  TalkView,
} from "../protocol/types.js";
import type { Access } from "./access.js";
import type { AppState, Reflect } from "./model.js";

type Kept = Pick<AppState, "reflections" | "next">;

export class Reflections implements Reflect {
  constructor(
    private readonly access: Pick<Access, "call">,
    private readonly kept: () => Kept,
    private readonly keep: (kept: Kept) => void,
  ) {}

  async load(session: string): Promise<void> {
    this.put(await this.access.call<ReflectionView>("GET", of(session)));
  }

  async save(session: string, wish: SaveReflection): Promise<void> {
    this.put(await this.access.call<ReflectionView>("POST", of(session), wish));
    this.answered(session);
  }

  async dismiss(session: string): Promise<void> {
    this.put(await this.access.call<ReflectionView>("POST", `${of(session)}/dismiss`));
    this.answered(session);
  }

  talk(session: string): Promise<TalkView> {
    return this.access.call<TalkView>("GET", `/v1/sessions/${session}/talk`);
  }

  async loadNext(mentorship: string): Promise<void> {
    const steps = await this.access.call<NextSteps>("GET", `/v1/mentorships/${mentorship}/next`);
    const { reflections, next } = this.kept();
    this.keep({ reflections, next: { ...next, [mentorship]: steps } });
  }

  /** What nobody has looked at is not asked for. */
  handle(frame: ServerFrame): void {
    const { reflections, next } = this.kept();
    if (frame.t === "reflection.changed") {
      if (reflections[frame.session]) again(this.load(frame.session));
      if (next[frame.mentorship]) again(this.loadNext(frame.mentorship));
    } else if (frame.t === "auth.opened") {
      // Frames may have been missed.
      for (const session of Object.keys(reflections)) again(this.load(session));
      for (const mentorship of Object.keys(next)) again(this.loadNext(mentorship));
    }
  }

  private put(view: ReflectionView): void {
    const { reflections, next } = this.kept();
    this.keep({ reflections: { ...reflections, [view.session]: view }, next });
  }

  /** Whoever has answered is not asked any more. */
  private answered(session: string): void {
    const { reflections, next } = this.kept();
    const all = Object.entries(next).map(([mentorship, steps]) => {
      const done = steps.reminder?.session === session;
      return [mentorship, done ? { ...steps, reminder: null } : steps] as const;
    });
    this.keep({ reflections, next: Object.fromEntries(all) });
  }
}

const of = (session: string): string => `/v1/sessions/${session}/reflection`;

/** What cannot be had now is there as it was; the next frame or connection asks again. */
function again(work: Promise<void>): void {
  work.catch(() => undefined);
}
