/** An App of canned states: what the elements draw, without a server. */
import {
  Refused,
  type App,
  type AppState,
  type CallState,
  type MediaState,
} from "../../src/lib/model.js";
import type {
  AgreementView,
  MeetingView,
  MentorshipView,
  OwnReflection,
  ReflectionView,
  SessionAccount,
  SharedReflection,
  Statement,
  TalkShare,
  TalkView,
} from "../../src/protocol/types.js";
import { movedTo, withAccount, type State } from "../../src/lib/state.js";
import { accountOf, STATEMENTS } from "./accounts.js";
import { FakeChat } from "./fake-chat.js";
import { ANA, id, ME, MIN, NOW, SESSION } from "./people.js";
import { message, talk } from "./talk.js";

export { ANA, LEYLA, LONG, ME, MIN, NOW, SESSION } from "./people.js";
export { message, talk } from "./talk.js";

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
  revision: 40,
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

export const MEETING: MeetingView = {
  id: id("met", 1),
  mentorship: MENTORSHIP.id,
  start_us: NOW + 46 * MIN + 40_000_000, // 15:00 in Vienna
  length_us: 60 * MIN,
  zone: "Europe/Vienna",
  by: ME.id,
  told_us: NOW - 2 * 24 * 60 * MIN,
  told_by: ME.id,
  state: "planned",
};

/** Proposed by Ana, accepted by both. */
export const AGREED: AgreementView = {
  mentorship: MENTORSHIP.id,
  version: 1,
  terms: { currency: "EUR", rate_minor: 6000, overrun_us: 20 * MIN, unit_us: 5 * MIN },
  state: "accepted",
  proposed_by: ANA.id,
  proposed_us: NOW - 3 * 24 * 60 * MIN,
  accepted_by: [ANA.id, ME.id],
  accepted_us: NOW - 2 * 24 * 60 * MIN,
  valid_from_us: NOW - 2 * 24 * 60 * MIN,
};

export const PROPOSED: AgreementView = {
  ...AGREED,
  version: 2,
  terms: {
    ...AGREED.terms,
    rate_minor: 9950,
    cap_us: 120 * MIN,
    minimum_us: 30 * MIN,
    no_show_share: 500_000,
    tax_share: 200_000,
  },
  state: "open",
  accepted_by: [ANA.id],
  accepted_us: null,
  valid_from_us: NOW + 24 * 60 * MIN,
};

/** Of a session under these terms whose booked time ends at 14:15 in Vienna. */
export const ACCOUNT: SessionAccount = {
  ...SESSION,
  state: "open",
  ended_us: null,
  end_reason: null,
  together_most_us: SESSION.together_us,
  concession_most_us: 60 * MIN,
  contact_us: SESSION.together_us,
  unknown_us: 0,
  impaired_us: 0,
  stretches: [],
  counted: [],
  bridged: [],
  lanes: [],
  proofs: [],
  terms_version: 1,
  terms: AGREED.terms,
  booked: {
    meeting: MEETING.id,
    start_us: NOW - 58 * MIN - 20_000_000,
    length_us: 60 * MIN,
    came: [],
    again: false,
    binding: true,
    waited_us: [0, 0],
    before_us: 0,
    billed_us: 0,
  },
  extended_us: null,
  bill: {
    terms: 1,
    counted_us: 0,
    bridged_us: 0,
    unknown_us: 0,
    impaired_us: 0,
    billed_us: 0,
    make_up_us: 0,
    owed: "time",
    net_minor: 0,
    fee_minor: 0,
    tax_minor: 0,
    mentor: { person: ANA.id, wait_us: 0, late_us: 0, no_show: "no" },
    mentee: { person: ME.id, wait_us: 0, late_us: 0, no_show: "no" },
    window_from_us: null,
    window_to_us: null,
    currency: "EUR",
  },
  notes: [],
};

export const NOT_SAID: ReflectionView = {
  session: SESSION.id,
  mine: null,
  theirs: null,
  they_answered: false,
};
export const THEIRS: SharedReflection = {
  person: ANA.id,
  useful: "That I may say no, and how.",
  next: "Ask the team for a week without meetings.",
  rating: 5,
  shared_us: NOW - MIN,
};
export const MINE: OwnReflection = {
  useful: "Saying the first sentence out loud, three times, until it was mine.",
  next: "Send the second version to Karin by Friday.",
  rating: 4,
  private: "I talked over her again when it got quiet.",
  answered_us: NOW - 5 * MIN,
  due_us: NOW - 5 * MIN + 24 * 60 * MIN,
  shared_us: null,
};
const share = (n: number, speaking: number): TalkShare => ({
  session: id("ses", n),
  at_us: NOW - (8 - n) * 7 * 24 * 60 * MIN,
  both_us: 40 * MIN,
  speaking_us: (speaking / 100) * 40 * MIN,
});
/** Of the session 1, the last of six. */
export const TALK_VIEW: TalkView = {
  session: SESSION.id,
  both_us: 40 * MIN,
  speaking_us: 16 * MIN,
  overlap_us: 2 * MIN,
  silence_us: 8 * MIN,
  trend: [share(3, 62), share(4, 70), share(5, 55), share(6, 48), share(7, 51), share(1, 40)],
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
  hasNetwork: true,
  clockOffsetUs: 0,
  mentorships: [MENTORSHIP],
  arrivedAt: null,
  conversations: {
    [MENTORSHIP.conversation]: {
      id: MENTORSHIP.conversation,
      head: 40,
      messages: talk(24, 40),
      aside: null,
      strays: {},
      pending: [],
      changes: [],
      loadingOlder: false,
      loadingNewer: false,
      restored: false,
    },
  },
  typing: {},
  sessions: {},
  listed: {},
  arranged: {},
  reflections: {},
  next: {},
  accounts: {},
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
  account: SessionAccount = ACCOUNT;
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
  readonly chat: App["chat"] = new FakeChat(this, (...call) => this.note(...call));
  readonly safety: App["safety"] = {
    leave: (mentorship) => this.says("leave", mentorship),
    block: (mentorship, on) => this.says("block", mentorship, on),
    report: (mentorship, { reason, seqs = [], also = [] }) =>
      this.says("report", mentorship, reason, seqs.length, ...also),
  };
  seenHidden = false;
  readonly privacy: App["privacy"] = {
    hidesSeen: async () => {
      await this.says("hidesSeen");
      return this.seenHidden;
    },
    hideSeen: async (hidden) => {
      await this.says("hideSeen", hidden);
      return (this.seenHidden = hidden);
    },
  };
  zoneHere = ME.zone;
  zoneAsked = true;
  readonly zones: App["zones"] = ((app: FakeApp) => ({
    get here() {
      return app.zoneHere;
    },
    get isAsked() {
      return app.zoneAsked;
    },
    keep: () => void (app.zoneAsked = false),
    use: async (zone: string) => {
      await app.says("zone", zone);
      app.set(movedTo(app.state as State, zone));
    },
  }))(this);
  sessionsCome = Promise.resolve();
  async loadSessions(mentorship: string): Promise<void> {
    await this.sessionsCome;
    this.set({ listed: { ...this.state.listed, [mentorship]: true } });
  }
  async loadAccount(session: string): Promise<SessionAccount> {
    await null; // never in the midst of drawing
    this.note("loadAccount", session);
    const account = this.accountOf(session);
    this.set(withAccount(this.state as State, account));
    return account;
  }
  private accountOf(session: string): SessionAccount {
    if (this.state.call?.phase === "joined") return { ...this.account, id: session };
    const { accounts, sessions, call } = this.state;
    const views = [...Object.values(sessions).flat(), call?.session];
    return accounts[session] ?? accountOf(views.find((view) => view?.id === session) ?? SESSION);
  }
  refusal: string | null = null; // what the ledger says next
  statement: Statement = STATEMENTS["statements"]!;
  readonly ledger: App["ledger"] = {
    confirm: (session, revision) => this.says("confirm", session, revision),
    contest: (session, revision, reason) => this.says("contest", session, revision, reason),
    correct: (session, us, reason) => this.says("correct", session, us, reason),
    evidence: async (session) => {
      await this.says("evidence", session);
      return { blob: new Blob(["{}"]), name: "evidence.json" };
    },
    statement: async (role, month) => {
      await this.says("statement", role, month);
      return { ...this.statement, role, month };
    },
    statementFile: async (role, month, format) => {
      await this.says("statementFile", role, month, format);
      return { blob: new Blob(["session\n"]), name: `ithaca-${role}-${month}.${format}` };
    },
  };
  private async says(...call: unknown[]): Promise<void> {
    this.note(...call);
    const { refusal } = this;
    this.refusal = null;
    if (refusal) throw new Refused({ code: refusal, what: `Refused: ${refusal}.`, advice: "" });
  }
  async extendSession(session: string): Promise<void> {
    this.note("extendSession", session);
    this.account = { ...this.account, extended_us: NOW };
  }
  /** What a server would answer. */
  talk: TalkView = { ...TALK_VIEW };
  readonly reflect: App["reflect"] = {
    load: async (session) => {
      const { reflections } = this.state;
      this.set({ reflections: { [session]: { ...NOT_SAID, session }, ...reflections } });
    },
    save: async (session, said) => {
      await this.asked(`reflect ${session} ${JSON.stringify(said)}`);
      const { useful = "", next = "", rating = null } = said;
      const before = this.state.reflections[session] ?? NOT_SAID;
      const answered_us = useful || next || rating ? NOW : null;
      const mine = {
        ...{ useful, next, rating, private: said.private ?? "", answered_us },
        due_us: answered_us && NOW + 24 * 60 * MIN,
        shared_us: before.they_answered ? NOW : null,
      };
      const theirs = before.they_answered ? THEIRS : null;
      this.set({ reflections: { [session]: { ...before, session, mine, theirs } } });
    },
    dismiss: async (session) => {
      this.note("dismiss", session);
      this.set({ next: {} });
    },
    talk: async () => this.talk,
    loadNext: async (mentorship) => this.note("loadNext", mentorship),
  };
  readonly arrange: App["arrange"] = {
    load: () => Promise.resolve(),
    propose: (_, { terms }) => this.asked(`propose ${terms.rate_minor ?? 0} ${terms.currency ?? ""}`),
    accept: (_, version) => this.asked(`accept ${version}`),
    decline: (_, version) => this.asked(`decline ${version}`),
    withdraw: (_, version) => this.asked(`withdraw ${version}`),
    plan: (_, { start_us, length_us }) => this.asked(`plan ${start_us} ${length_us}`),
    move: (_, meeting, { start_us }) => this.asked(`move ${meeting} ${start_us}`),
    cancel: (_, meeting) => this.asked(`cancel ${meeting}`),
  };
  private async asked(what: string): Promise<void> {
    this.note(what);
    if (!this.wrongField) return;
    const trouble = { code: "invalid_field", what: "That cannot be.", advice: "Change it." };
    throw new Refused(trouble, this.wrongField);
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
