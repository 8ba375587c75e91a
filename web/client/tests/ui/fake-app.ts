/** An App of canned states: what the elements draw, without a server. */
import {
  Refused,
  type App,
  type AppState,
  type CallState,
  type MediaState,
} from "../../src/lib/model.js";
import type { MentorshipView, Message, SessionView } from "../../src/protocol/types.js";

export const MIN = 60_000_000;
export const NOW = Date.UTC(2026, 10, 24, 13, 13, 20) * 1000; // 14:13 in Vienna, 08:13 in Lima

const id = (prefix: string, n: number): string => `${prefix}_${String(n).padStart(26, "0")}`;
export const ME = { id: id("per", 1), name: "Bruno Wagner", zone: "Europe/Vienna" };
export const ANA = { id: id("per", 2), name: "Ana Quispe", zone: "America/Lima" };
export const LEYLA = { id: id("per", 3), name: "ליאורה בן־דוד", zone: "Asia/Jerusalem" };
export const LONG = {
  id: id("per", 4),
  name: "Wolfeschlegelsteinhausenbergerdorff-Papadimitrakopoulou the Younger",
  zone: "America/Argentina/ComodRivadavia",
};

export function message(seq: number, person: string, body: string, at_us: number): Message {
  return { seq, id: `msg-${seq}`.padEnd(8, "0"), person, body, at_us };
}

const TALK = [
  "Did you have time for the first chapter?",
  "Yes, twice. The part about letting others finish their sentences was aimed at me, I think.",
  "It was aimed at all of us.",
  "I tried it on Monday in the stand-up. Two people said more than they ever do.",
  "That is worth writing down: what you did, what changed, how it felt.",
  "مرحبا، هذا نص من اليمين إلى اليسار مع كلمة English في الوسط",
  "https://example.org/a/very/long/address/that/has/no/place/to/break/in/it/whatsoever/0123456789012345678901234567890123456789",
  "One more thing:\n\n- the agenda\n- the two questions from last time\n- who else to ask",
];

export function talk(count: number, head = count): Message[] {
  const first = head - count + 1;
  return Array.from({ length: count }, (_, i) => {
    const seq = first + i;
    const at = NOW - (head - seq) * 3 * MIN - (seq <= head - 5 ? 26 * 60 * MIN : 0);
    return message(seq, seq % 3 ? ANA.id : ME.id, TALK[seq % TALK.length] ?? "", at);
  });
}

export const MENTORSHIP: MentorshipView = {
  id: id("men", 1),
  conversation: id("con", 1),
  room: id("roo", 1),
  created_us: NOW - 90 * 24 * 60 * MIN,
  members: [
    { person: ME, role: "mentor", presence: "here" },
    { person: ANA, role: "mentee", presence: "here" },
  ],
  head: 40,
  read: 38,
  unread: 2,
  last: message(
    40,
    ANA.id,
    "Shall we talk about the presentation first? I have two versions.",
    NOW - 2 * MIN,
  ),
  session: null,
};

export const SESSION: SessionView = {
  id: id("ses", 1),
  mentorship: MENTORSHIP.id,
  room: MENTORSHIP.room,
  version: 6,
  state: "ended",
  created_us: NOW - 49 * MIN,
  started_us: NOW - 48 * MIN,
  ended_us: NOW - 2 * MIN,
  end_reason: "ended",
  as_of_us: NOW - 2 * MIN,
  together_us: (45 * 60 + 29) * 1_000_000,
  together_since_us: null,
  people: [
    { person: ME.id, present_us: 47 * MIN, since_us: null },
    { person: ANA.id, present_us: 46 * MIN, since_us: null },
  ],
  interruptions: [
    { from_us: NOW - 30 * MIN, to_us: NOW - 30 * MIN + 12_000_000, absent: [ANA.id] },
    { from_us: NOW - 20 * MIN, to_us: NOW - 20 * MIN + 19_000_000, absent: [ANA.id, ME.id] },
  ],
  estimated: false,
};

export const MEDIA: MediaState = {
  microphone: {
    wanted: true,
    live: true,
    asking: false,
    problem: null,
    chosen: "m1",
    choices: [
      { id: "m1", label: "Built-in microphone" },
      { id: "m2", label: "USB headset of the long name (0d8c:0014)" },
    ],
  },
  camera: {
    wanted: true,
    live: true,
    asking: false,
    problem: null,
    chosen: "c1",
    choices: [{ id: "c1", label: "Integrated camera" }],
  },
  speakers: { chosen: "s1", choices: [{ id: "s1", label: "Speakers" }] },
  preview: null,
  level: 0.42,
};

export const BASE: AppState = {
  phase: "ready",
  trouble: null,
  canStart: false,
  me: ME,
  link: { is: "online" },
  clockOffsetUs: 0,
  mentorships: [MENTORSHIP],
  arrivedAt: null,
  conversations: {
    [MENTORSHIP.conversation]: {
      id: MENTORSHIP.conversation,
      head: 40,
      messages: talk(24, 40),
      read: 38,
      pending: [],
      loadingOlder: false,
    },
  },
  sessions: {},
  media: MEDIA,
  call: null,
};

export const CALL: CallState = {
  mentorship: MENTORSHIP.id,
  room: MENTORSHIP.room,
  phase: "joined",
  peers: [],
  gone: null,
  session: {
    ...SESSION,
    state: "open",
    ended_us: null,
    end_reason: null,
    together_since_us: NOW - MIN,
    people: SESSION.people.map((time) => ({ ...time, since_us: NOW - MIN })),
  },
  microphoneOn: true,
  cameraOn: true,
  ended: null,
  trouble: null,
};

export class FakeApp implements App {
  readonly calls: string[] = [];
  wrongField: string | null = null; // the next form is refused for this field
  private readonly listeners = new Set<(state: AppState) => void>();

  constructor(public state: AppState) {}

  set(change: Partial<AppState>): void {
    this.state = { ...this.state, ...change };
    for (const listener of this.listeners) listener(this.state);
  }

  subscribe(listener: (state: AppState) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  private note(...call: unknown[]): void {
    this.calls.push(call.join(" "));
  }

  nowUs(): number {
    return NOW;
  }
  async startMentorship(): ReturnType<App["startMentorship"]> {
    this.note("startMentorship");
    if (this.wrongField) {
      const what = "There is no such time zone.";
      throw new Refused(
        { code: "invalid_field", what, advice: "Choose one from the list." },
        this.wrongField,
      );
    }
    const link = (person: typeof ME, role: "mentor" | "mentee", n: number) => ({
      person,
      role,
      url: `https://ithaca.example/open#inv_${"0".repeat(25)}${n}.${"x".repeat(43)}`,
    });
    return { mentorship: MENTORSHIP.id, links: [link(ME, "mentor", 1), link(ANA, "mentee", 2)] };
  }
  async replaceLink(): Promise<string> {
    this.note("replaceLink");
    return "https://ithaca.example/open#inv_new";
  }
  signOut(): void {
    this.note("signOut");
  }
  openConversation(conversation: string): void {
    this.note("openConversation", conversation);
  }
  async loadOlder(conversation: string): Promise<void> {
    this.note("loadOlder", conversation);
    const log = this.state.conversations[conversation];
    const first = log?.messages[0]?.seq ?? 1;
    if (!log || first <= 1) return;
    const older = talk(Math.min(50, first - 1), first - 1);
    this.set({
      conversations: { [conversation]: { ...log, messages: [...older, ...log.messages] } },
    });
  }
  send(conversation: string, body: string): ReturnType<App["send"]> {
    this.note("send", conversation, body.length);
    if (new TextEncoder().encode(body).length > 16 * 1024) {
      return {
        code: "message_too_long",
        what: "A message may have at most 16 KiB of UTF-8 text.",
        advice: "Shorten it, or send it in parts.",
      };
    }
    const log = this.state.conversations[conversation];
    if (log) {
      const pending = [
        ...log.pending,
        { id: `p${log.pending.length}`, body, writtenUs: NOW, refused: null },
      ];
      this.set({ conversations: { [conversation]: { ...log, pending } } });
    }
    return null;
  }
  discard(conversation: string, message: string): void {
    const log = this.state.conversations[conversation];
    if (!log) return;
    const pending = log.pending.filter((each) => each.id !== message);
    this.set({ conversations: { [conversation]: { ...log, pending } } });
  }
  read(conversation: string, seq: number): void {
    this.note("read", conversation, seq);
    const log = this.state.conversations[conversation];
    if (log) this.set({ conversations: { [conversation]: { ...log, read: seq } } });
  }
  readonly drafts = new Map<string, string>();
  draft(conversation: string): string {
    return this.drafts.get(conversation) ?? "";
  }
  saveDraft(conversation: string, text: string): void {
    this.drafts.set(conversation, text);
  }
  async loadSessions(): Promise<void> {}
  async loadSession(): Promise<SessionView> {
    return SESSION;
  }
  async prepare(mentorship: string): Promise<void> {
    this.note("prepare", mentorship);
  }
  unprepare(): void {
    this.note("unprepare");
  }
  async setMicrophone(on: boolean): Promise<void> {
    this.note("setMicrophone", on);
    const { media, call } = this.state;
    this.set({
      media: { ...media, microphone: { ...media.microphone, wanted: on } },
      call: call && { ...call, microphoneOn: on },
    });
  }
  async setCamera(on: boolean): Promise<void> {
    this.note("setCamera", on);
    const { media, call } = this.state;
    this.set({
      media: { ...media, camera: { ...media.camera, wanted: on, live: on } },
      call: call && { ...call, cameraOn: on },
    });
  }
  async chooseDevice(kind: string, device: string): Promise<void> {
    this.note("chooseDevice", kind, device);
  }
  async retryDevices(): Promise<void> {
    this.note("retryDevices");
  }
  join(): void {
    this.note("join");
    this.set({ call: { ...CALL, phase: "joining", session: null } });
  }
  leave(): void {
    this.note("leave");
    const { call } = this.state;
    if (call) this.set({ call: { ...call, phase: "left", ended: "left" } });
  }
  async endSession(session: string): Promise<void> {
    this.note(`endSession ${session}`);
  }
  closeCall(): void {
    this.note("closeCall");
    this.set({ call: null });
  }
  private kept: string | null = null;
  inCall(): string | null {
    return this.kept;
  }
  keepInCall(mentorship: string | null): void {
    this.kept = mentorship;
  }
  reconnectNow(): void {
    this.note("reconnectNow");
  }
}
