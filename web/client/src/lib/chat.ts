/** What pages do in conversations: the shell around conversations.ts, outbox.ts and what is asked of the
 * server. */
import {
  PAGE_MAX,
  type ChatMessages,
  type ClientFrame,
  type Emoji,
  type Message,
  type MessagePage,
  type MessageVersion,
  type MessageVersions,
  type PinnedMessages,
  type SearchPage,
  type ServerFrame,
} from "../protocol/types.js";
import type { Access } from "./access.js";
import { AskAgain } from "./ask-again.js";
import { changesNothing, type Change } from "./changes.js";
import * as log from "./conversation.js";
import * as talk from "./conversations.js";
import { Fills } from "./fills.js";
import type { Chat, Draft, Found, Trouble } from "./model.js";
import { refusal } from "./outbox.js";
import { Receipts } from "./receipts.js";
import { Sender } from "./sender.js";
import type { Effect, State, Step } from "./state.js";
import { troubleOf } from "./trouble.js";
import { Typing } from "./typing.js";

const OLDER = 50;
const AROUND = 50;
const FOUND = 20;

export interface ChatEnv {
  readonly access: Pick<Access, "call">;
  readonly storage: Storage;
  state(): State;
  set(state: State): void;
  /** Listeners hear of all that `work` changes at once. */
  batch(work: () => void): void;
  send(frame: ClientFrame): boolean;
  isOnline(): boolean;
  now(): number;
  nowUs(): number;
  random(): number;
  newId(): string;
  after(ms: number, run: () => void): () => void;
}

export class ChatOf implements Chat {
  private readonly sender: Sender;
  private readonly pages: AskAgain;
  private readonly receipts: Receipts;
  private readonly writing: Typing;
  private readonly fills: Fills;
  private readonly done = new Map<string, { conversation: string; seq: number; revision: number }>();

  constructor(private readonly env: ChatEnv) {
    const send = (frame: ClientFrame): boolean => env.send(frame);
    const after = (ms: number, run: () => void): (() => void) => env.after(ms, run);
    this.sender = new Sender({
      storage: env.storage,
      isOnline: () => env.isOnline(),
      send,
      now: () => env.now(),
      random: () => env.random(),
      after,
      changed: () => this.showPending(),
    });
    this.pages = new AskAgain({
      random: () => env.random(),
      after,
      ask: () => {
        for (const effect of talk.unanswered(env.state())) this.perform(effect);
      },
    });
    this.receipts = new Receipts({ send, random: () => env.random(), after });
    this.fills = new Fills({
      random: () => env.random(),
      after,
      missing: () => talk.missing(env.state(), this.fills.got),
      page: (conversation, query) => this.page(conversation, query),
      came: (page, touches) => this.filled(page, touches),
    });
    this.writing = new Typing({
      send,
      now: () => env.now(),
      after,
      changed: (conversation, person) => {
        const { [conversation]: _, ...others } = env.state().typing;
        const typing = person === null ? others : { ...others, [conversation]: person };
        env.set({ ...env.state(), typing });
      },
    });
  }

  // ---- the connection's life -----------------------------------------------------------------------

  belongTo(person: string | null): void {
    this.sender.belongTo(person);
    this.fills.renew();
    this.done.clear();
  }

  offline(): void {
    this.sender.offline();
    this.pages.answered();
    this.fills.renew();
    this.receipts.offline();
    this.writing.offline();
    this.env.set(talk.disconnected(this.env.state()));
  }

  apply([state, effects]: Step): void {
    this.env.set(state);
    for (const effect of effects) this.perform(effect);
  }

  private perform(effect: Effect): void {
    const { conversation } = effect;
    if (effect.is === "read") {
      this.receipts.read(conversation, effect.seq);
    } else if (effect.after === null) {
      this.env.send({ t: "chat.fetch", conversation });
    } else {
      this.env.send({ t: "chat.fetch", conversation, after: effect.after, limit: PAGE_MAX });
    }
  }

  /** After the state has taken it. */
  handle(frame: ServerFrame): void {
    switch (frame.t) {
      case "auth.opened":
        this.fills.renew();
        this.sender.online();
        break;
      case "chat.messages":
        this.said(frame);
        if (talk.unanswered(this.env.state()).length === 0) this.pages.answered();
        break;
      case "chat.touched":
        this.settleDone();
        break;
      case "chat.accepted": {
        this.sender.stored(frame.id);
        const held = this.env.state().conversations[frame.conversation];
        if (held && log.messageAt(held, frame.seq)?.id === frame.id) this.sender.said([frame.id]);
        break;
      }
      case "chat.done":
        this.sender.stored(frame.id);
        this.done.set(frame.id, frame);
        this.settleDone();
        break;
      case "chat.receipt":
        if (frame.person === this.env.state().me?.id) this.receipts.heard(frame.conversation, frame);
        break;
      case "chat.gap":
        this.fills.renew();
        this.receipts.forget(frame.conversation);
        break;
      case "chat.typed":
        this.writing.heard(frame.conversation, frame.person, frame.typing);
        break;
      case "error":
        if (frame.about === "chat.fetch") this.pages.refused(frame);
        else if (frame.about === "chat.read" || frame.about === "chat.delivered") this.receipts.refused(frame);
        else if (frame.about?.startsWith("chat.") && frame.ref) this.sender.refused(frame, frame.ref);
        break;
      default:
        break;
    }
    const state = this.env.state();
    for (const id of talk.unheld(state)) this.apply(talk.openConversation(this.env.state(), id));
    this.delivered();
  }

  /** What is held without a gap is delivered; what is missing before it is asked for. */
  private delivered(): void {
    for (const { conversation, seq } of talk.undelivered(this.env.state(), this.fills.got)) {
      this.receipts.delivered(conversation, seq);
    }
    this.fills.look();
  }

  private filled(page: MessagePage, touches: boolean): void {
    const { conversation, messages } = page;
    this.receipts.delivered(conversation, messages.at(-1)!.seq);
    if (!touches) return;
    this.env.batch(() => this.apply(talk.onMessages(this.env.state(), { t: "chat.messages", ...page })));
    this.delivered();
  }

  private said({ conversation, messages }: ChatMessages): void {
    const me = this.env.state().me?.id;
    this.sender.said(messages.filter(({ person }) => person === me).map(({ id }) => id));
    // Who has sent it writes it no more.
    const typist = this.env.state().typing[conversation];
    if (typist && messages.some(({ person }) => person === typist)) {
      this.writing.heard(conversation, typist, false);
    }
    this.settleDone();
  }

  /** What the server has done stands as something that waits until the log shows it. */
  private settleDone(): void {
    for (const [id, done] of this.done) {
      if (!talk.shows(this.env.state(), done)) continue;
      this.done.delete(id);
      this.sender.said([id]);
    }
  }

  private showPending(): void {
    this.env.batch(() => {
      for (const conversation of Object.keys(this.env.state().conversations)) {
        const { messages, changes } = this.sender.pending(conversation);
        this.env.set(talk.withPending(this.env.state(), conversation, messages, changes));
      }
    });
  }

  // ---- what is looked at ---------------------------------------------------------------------------

  open(conversation: string): void {
    this.env.batch(() => {
      this.apply(talk.openConversation(this.env.state(), conversation));
      this.showPending();
    });
    void this.loadPins(conversation);
  }

  heed(conversation: string): void {
    this.env.set(talk.heeded(this.env.state(), conversation));
  }

  async loadOlder(conversation: string): Promise<void> {
    const held = this.env.state().conversations[conversation];
    const before = (held?.aside ?? held?.messages)?.[0]?.seq ?? 0;
    if (!held || held.loadingOlder || before <= 1) return;
    await this.load(conversation, "loadingOlder", `before=${before}&limit=${OLDER}`);
  }

  async loadNewer(conversation: string): Promise<void> {
    const held = this.env.state().conversations[conversation];
    const after = held?.aside?.at(-1)?.seq;
    if (!held || held.loadingNewer || after === undefined) return;
    await this.load(conversation, "loadingNewer", `after=${after}&limit=${OLDER}`);
  }

  private async load(
    conversation: string,
    which: "loadingOlder" | "loadingNewer",
    query: string,
  ): Promise<void> {
    this.env.set(talk.loading(this.env.state(), conversation, which, true));
    let page: MessagePage | null = null;
    try {
      page = await this.page(conversation, query);
    } finally {
      this.env.batch(() => {
        this.env.set(talk.loading(this.env.state(), conversation, which, false));
        if (page) this.apply(talk.onMessages(this.env.state(), { t: "chat.messages", ...page }));
      });
    }
  }

  private page(conversation: string, query: string): Promise<MessagePage> {
    const path = `/v1/conversations/${conversation}/messages?${query}`;
    return this.env.access.call<MessagePage>("GET", path);
  }

  async goTo(conversation: string, where: number | { readonly atUs: number }): Promise<number> {
    const held = this.env.state().conversations[conversation];
    if (!held) return 0;
    if (typeof where === "number") {
      if (log.inStretch(held.aside ?? held.messages, where)) return where;
      if (log.inStretch(held.messages, where)) {
        this.newest(conversation);
        return where;
      }
    }
    const query = typeof where === "number" ? `around=${where}` : `at_us=${where.atUs}`;
    const page = await this.page(conversation, `${query}&limit=${AROUND}`);
    const now = this.env.state().conversations[conversation];
    if (!now) return 0;
    const me = this.env.state().me?.id ?? "";
    this.env.set(talk.withLog(this.env.state(), log.lookAt(now, me, page)));
    if (typeof where === "number") return where;
    // The earliest time at or after it, as the server has it: a clock may have been set back.
    const later = page.messages.filter(({ at_us }) => at_us >= where.atUs);
    const found = later.sort((a, b) => a.at_us - b.at_us)[0] ?? page.messages.at(-1);
    return found?.seq ?? 0;
  }

  newest(conversation: string): void {
    const held = this.env.state().conversations[conversation];
    if (held?.aside) this.env.set(talk.withLog(this.env.state(), { ...held, aside: null }));
  }

  async quoted(conversation: string, seq: number): Promise<void> {
    const page = await this.page(conversation, `around=${seq}&limit=1`);
    this.keep(conversation, page.revision, page.messages);
  }

  private async loadPins(conversation: string): Promise<void> {
    const view = this.env.state().mentorships.find((m) => m.conversation === conversation);
    if (view?.pinned?.length) await this.pins(conversation).catch(() => undefined); // asked again by the sheet
  }

  async pins(conversation: string): Promise<readonly Message[]> {
    const path = `/v1/conversations/${conversation}/pins`;
    const { revision, messages } = await this.env.access.call<PinnedMessages>("GET", path);
    this.keep(conversation, revision, messages);
    return messages;
  }

  private keep(conversation: string, revision: number, messages: readonly Message[]): void {
    const held = this.env.state().conversations[conversation];
    if (!held) return;
    const kept = talk.withLog(this.env.state(), log.beside(held, revision, messages));
    this.env.set(talk.recount(kept, conversation));
  }

  async versions(conversation: string, seq: number): Promise<readonly MessageVersion[]> {
    const path = `/v1/conversations/${conversation}/messages/${seq}/versions`;
    return (await this.env.access.call<MessageVersions>("GET", path)).versions;
  }

  async find(mentorship: string, words: string, before: number | null): Promise<Found> {
    const query = new URLSearchParams({ words, limit: String(FOUND), ...(before && { before: String(before) }) });
    const path = `/v1/mentorships/${mentorship}/search?${query}`;
    const { hits, more, complete } = await this.env.access.call<SearchPage>("GET", path);
    return { matches: hits.map(({ message }) => message), more, complete };
  }

  // ---- what is said --------------------------------------------------------------------------------

  send(conversation: string, text: string, replyTo: number | null = null): Trouble | null {
    const body = text.replace(/\r\n?/g, "\n");
    const code = refusal(body);
    if (code) return troubleOf(code);
    this.writing.own(conversation, false);
    this.env.batch(() => {
      this.apply(talk.openConversation(this.env.state(), conversation));
      const item = { id: this.env.newId(), conversation, body, writtenUs: this.env.nowUs() };
      this.sender.write({ ...item, ...(replyTo !== null && { replyTo }) });
    });
    return null;
  }

  edit(conversation: string, seq: number, text: string): Trouble | null {
    const body = text.replace(/\r\n?/g, "\n");
    const code = refusal(body);
    if (code) return troubleOf(code);
    this.writing.own(conversation, false);
    this.change(conversation, { is: "edit", seq, body });
    return null;
  }

  erase(conversation: string, seq: number): void {
    this.change(conversation, { is: "delete", seq });
  }

  react(conversation: string, seq: number, emoji: Emoji, on: boolean): void {
    this.change(conversation, { is: "react", seq, emoji, on });
  }

  pin(conversation: string, seq: number, on: boolean): void {
    this.change(conversation, { is: "pin", seq, on });
  }

  private change(conversation: string, change: Change): void {
    const held = this.env.state().conversations[conversation];
    const message = held && log.messageAt(held, change.seq);
    const waits = held?.changes.some((each) => each.change.seq === change.seq);
    const me = this.env.state().me?.id ?? "";
    if (message && !waits && changesNothing(message, change, me)) return;
    const body = change.is === "edit" ? change.body : "";
    const item = { id: this.env.newId(), conversation, body, writtenUs: this.env.nowUs(), change };
    this.env.batch(() => this.sender.write(item));
  }

  again(id: string): void {
    this.env.batch(() => this.sender.again(id));
  }

  discard(id: string): void {
    this.env.batch(() => this.sender.discard(id));
  }

  read(conversation: string, seq: number): void {
    this.apply(talk.readUpTo(this.env.state(), conversation, seq));
  }

  typing(conversation: string, typing: boolean): void {
    this.writing.own(conversation, typing);
  }

  draft(conversation: string): Draft {
    return this.sender.draft(conversation);
  }

  saveDraft(conversation: string, draft: Draft): void {
    this.sender.saveDraft(conversation, draft);
  }
}
