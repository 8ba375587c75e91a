/** Conversations of canned states: what is done in them is noted, and shown as it would be. */
import type { AppState, Chat, Conversation, Draft } from "../../src/lib/model.js";
import { withChanges, type Change } from "../../src/lib/changes.js";
import { messageAt } from "../../src/lib/conversation.js";
import type { MentorshipView, Message } from "../../src/protocol/types.js";
import { ME, NOW } from "./people.js";
import { talk } from "./talk.js";

interface Holder {
  readonly state: AppState;
  set(change: Partial<AppState>): void;
}

export class FakeChat implements Chat {
  constructor(
    private readonly app: Holder,
    private readonly note: (...call: unknown[]) => void,
  ) {}

  private put(id: string, part: Partial<Conversation>): void {
    const log = this.app.state.conversations[id];
    if (log) this.app.set({ conversations: { [id]: { ...log, ...part } } });
  }

  private log(id: string): Conversation | undefined {
    return this.app.state.conversations[id];
  }

  open(conversation: string): void {
    this.note("open", conversation);
  }
  heed(conversation: string): void {
    this.put(conversation, { restored: false });
  }
  async loadOlder(conversation: string): Promise<void> {
    this.note("loadOlder", conversation);
    const log = this.log(conversation);
    const which = log?.aside ? "aside" : "messages";
    const held = log?.[which] ?? [];
    const first = held[0]?.seq ?? 1;
    if (first <= 1) return;
    this.put(conversation, { [which]: [...talk(Math.min(50, first - 1), first - 1, log?.head), ...held] });
  }
  async loadNewer(conversation: string): Promise<void> {
    this.note("loadNewer", conversation);
    const { aside, messages = [], head = 0 } = this.log(conversation) ?? {};
    if (!aside) return;
    const last = Math.min(head, aside.at(-1)!.seq + 50);
    const more = [...aside, ...talk(last - aside.at(-1)!.seq, last, head)];
    const touches = last >= (messages[0]?.seq ?? 0) - 1;
    const whole = [...more.filter(({ seq }) => seq < messages[0]!.seq), ...messages];
    this.put(conversation, touches ? { messages: whole, aside: null } : { aside: more });
  }
  async goTo(conversation: string, where: number | { readonly atUs: number }): Promise<number> {
    this.note("goTo", conversation, typeof where === "number" ? where : where.atUs);
    const { aside, messages = [], head = 0 } = this.log(conversation) ?? {};
    const seq = typeof where === "number" ? where : 1;
    if ((aside ?? messages).some((each) => each.seq === seq)) return seq;
    if (messages.some((each) => each.seq === seq)) this.put(conversation, { aside: null });
    else this.put(conversation, { aside: talk(Math.min(50, seq + 24), Math.min(head, seq + 24), head) });
    return seq;
  }
  newest(conversation: string): void {
    this.note("newest", conversation);
    this.put(conversation, { aside: null });
  }
  async quoted(conversation: string, seq: number): Promise<void> {
    this.note("quoted", conversation, seq);
    const [message] = talk(1, seq, this.log(conversation)?.head);
    this.put(conversation, { strays: { ...this.log(conversation)?.strays, [seq]: message! } });
  }
  async pins(): Promise<readonly Message[]> {
    this.note("pins");
    return [];
  }
  async versions(_: string, seq: number): ReturnType<Chat["versions"]> {
    this.note("versions", seq);
    return [
      { body: "Shall we talk about the presentation **second**?", at_us: NOW - 3_600_000_000 },
      { body: "Shall we talk about the presentation first? I have two versions.", at_us: NOW - 60_000_000 },
    ];
  }
  async find(_: string, words: string, before: number | null): ReturnType<Chat["find"]> {
    this.note("find", words, before);
    const log = Object.values(this.app.state.conversations)[0]!;
    const all = log.messages.filter(({ body, seq }) => body.includes(words) && seq < (before ?? Infinity));
    return { matches: all.reverse().slice(0, 2), more: all.length > 2, complete: true };
  }

  send(conversation: string, body: string, replyTo: number | null = null): ReturnType<Chat["send"]> {
    this.note("send", conversation, body.length, ...(replyTo === null ? [] : [replyTo]));
    if (new TextEncoder().encode(body).length > 16 * 1024) {
      return {
        code: "message_too_long",
        what: "A message may have at most 16 KiB of UTF-8 text.",
        advice: "Shorten it, or send it in parts.",
      };
    }
    const pending = this.log(conversation)?.pending ?? [];
    const item = { id: `p${pending.length}`, body, writtenUs: NOW, replyTo, refused: null };
    this.put(conversation, { pending: [...pending, item] });
    return null;
  }
  edit(conversation: string, seq: number, body: string): null {
    this.change(conversation, { is: "edit", seq, body });
    return null;
  }
  erase(conversation: string, seq: number): void {
    this.change(conversation, { is: "delete", seq });
  }
  react(conversation: string, seq: number, emoji: never, on: boolean): void {
    this.change(conversation, { is: "react", seq, emoji, on });
  }
  pin(conversation: string, seq: number, on: boolean): void {
    this.change(conversation, { is: "pin", seq, on });
  }
  /** As if the server had done it at once. */
  private change(conversation: string, change: Change): void {
    this.note(...Object.values(change));
    const log = this.log(conversation);
    const message = log && messageAt(log, change.seq);
    if (!log || !message) return;
    const changed = withChanges(message, [change], ME.id, NOW);
    this.put(conversation, {
      messages: log.messages.map((each) => (each.seq === change.seq ? changed : each)),
    });
  }
  again(id: string): void {
    this.note("again", id);
    for (const log of Object.values(this.app.state.conversations)) {
      this.put(log.id, { pending: log.pending.map((each) => (each.id === id ? { ...each, refused: null } : each)) });
    }
  }
  discard(id: string): void {
    for (const log of Object.values(this.app.state.conversations)) {
      const others = <T extends { readonly id: string }>(all: readonly T[]): T[] => all.filter((each) => each.id !== id);
      this.put(log.id, { pending: others(log.pending), changes: others(log.changes) });
    }
  }
  read(conversation: string, seq: number): void {
    this.note("read", conversation, seq);
    const isNew = (message: Message): boolean =>
      message.seq > seq && message.person !== ME.id && message.deleted_us == null;
    const unread = (this.log(conversation)?.messages ?? []).filter(isNew).length;
    const read = (each: MentorshipView): MentorshipView =>
      each.conversation === conversation ? { ...each, read: seq, unread } : each;
    this.app.set({ mentorships: this.app.state.mentorships.map(read) });
  }
  typing(conversation: string, typing: boolean): void {
    this.note("typing", conversation, typing);
  }
  private readonly drafts = new Map<string, Draft>();
  draft(conversation: string): Draft {
    return this.drafts.get(conversation) ?? { text: "", replyTo: null, editing: null };
  }
  saveDraft(conversation: string, draft: Draft): void {
    this.drafts.set(conversation, draft);
  }
}
