/** Says what is new for who cannot see it: several things in one breath, and nothing that was there before. */
import type { ReactiveController, ReactiveControllerHost } from "lit";

import type { Message } from "../../protocol/types.js";
import { announced } from "../words/chat.js";
import type { Mark } from "../words/marks.js";

const TOGETHER_MS = 800;

export class Announcer implements ReactiveController {
  words = "";
  private heard: number | null = null; // the last seq, once there is one
  private marks: ReadonlyMap<string, string> | null = null;
  private day = ""; // and zone, by which those read
  private waiting: Message[] = [];
  private lines: string[] = [];
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly host: ReactiveControllerHost) {
    host.addController(this);
  }

  hostConnected(): void {}

  hostDisconnected(): void {
    this.forget();
  }

  /** Another conversation begins. */
  forget(): void {
    clearTimeout(this.timer);
    [this.timer, this.heard, this.marks, this.waiting, this.lines, this.words] = [undefined, null, null, [], [], ""];
  }

  /** What there is now. `day`: where another one begins, or another zone, the same marks read otherwise. */
  notice(messages: readonly Message[], marks: readonly Mark[], me: string, name: string, day: string): void {
    const last = messages.at(-1)?.seq ?? 0;
    const { heard } = this;
    if (heard !== null && last > heard) {
      const since = messages.slice(Math.max(0, heard + 1 - (messages[0]?.seq ?? 0)));
      this.waiting.push(...since.filter((each) => each.person !== me && each.deleted_us == null));
    }
    if (messages.length) this.heard = last;
    const now = new Map(marks.map(({ key, words }) => [key, words]));
    const before = day === this.day ? this.marks : null;
    this.day = day;
    const fresh = before ? [...now].filter(([key, words]) => before.get(key) !== words) : [];
    if (fresh.length === 1) this.lines.push(fresh[0]![1]); // what is new comes one at a time
    this.marks = now;
    if (this.waiting.length + this.lines.length > 0) this.timer ??= setTimeout(() => this.say(name), TOGETHER_MS);
  }

  /** One thing that somebody has just done. */
  tell(words: string): void {
    this.words = words;
    this.host.requestUpdate();
  }

  private say(name: string): void {
    this.words = [announced(this.waiting, name), ...this.lines].filter(Boolean).join(". ");
    [this.timer, this.waiting, this.lines] = [undefined, [], []];
    this.host.requestUpdate();
  }
}
