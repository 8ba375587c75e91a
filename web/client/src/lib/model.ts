/** What the pages see of the product: plain state, and the actions that change it.
 *
 * The library (lib/) keeps the state and knows no element; the elements (ui/) draw the state and
 * call actions. Instants and durations are microseconds, as everywhere in Ithaca.
 */
import type {
  AgreementView,
  Emoji,
  MeetingView,
  MentorshipView,
  Message,
  MessageVersion,
  MoveMeeting,
  NewAgreement,
  NewMeeting,
  NewMentorship,
  NewReport,
  MentorshipCreated,
  NextSteps,
  PersonView,
  ReflectionView,
  SaveReflection,
  SessionAccount,
  SessionView,
  Statement,
  TalkView,
} from "../protocol/types.js";
import type { Change } from "./changes.js";

/** A refusal in words that can be shown: what happened, and what to do. */
export interface Trouble {
  readonly code: string;
  readonly what: string;
  readonly advice: string;
}

/** How the socket is: `silent` has not answered for a moment; `offline` waits until `retryAt` (performance.now() ms); `stopped` needs the person. */
export type Link =
  | { readonly is: "connecting" }
  | { readonly is: "online"; readonly silent?: boolean }
  | { readonly is: "offline"; readonly retryAt: number; readonly trouble: Trouble | null }
  | { readonly is: "stopped"; readonly trouble: Trouble };

/** A message on its way: shown below the log until the log holds it. `refused` keeps the text for the writer. */
export interface PendingMessage {
  readonly id: string;
  readonly body: string;
  readonly writtenUs: number;
  readonly replyTo: number | null;
  readonly refused: Trouble | null;
}

/** A change of a message on its way: shown as done until it is. `refused` is shown beside the message. */
export interface PendingChange {
  readonly id: string;
  readonly change: Change;
  readonly writtenUs: number;
  readonly refused: Trouble | null;
}

/** `messages`: a stretch of the one log, without a gap, from its oldest loaded message up to `head` once
 * caught up. `aside`: another stretch, of long ago, that is looked at instead. `strays`: messages that are
 * quoted, pinned or changed, wherever they are. `restored`: the server was put back to an earlier state, so that
 * what was shown here may be gone; until one has heeded that. */
export interface Conversation {
  readonly id: string;
  readonly head: number;
  readonly messages: readonly Message[];
  readonly aside: readonly Message[] | null;
  readonly strays: Readonly<Record<number, Message>>;
  readonly pending: readonly PendingMessage[];
  readonly changes: readonly PendingChange[];
  readonly loadingOlder: boolean;
  readonly loadingNewer: boolean;
  readonly restored: boolean;
}

/** What somebody has begun to write: an answer to `replyTo`, or other words for a message of theirs. */
export interface Draft {
  readonly text: string;
  readonly replyTo: number | null;
  readonly editing: { readonly seq: number; readonly text: string } | null;
}

/** What was found, newest first; `more`: there are older ones; not `complete`: some messages were not looked
 * at yet. */
export interface Found {
  readonly matches: readonly Message[];
  readonly more: boolean;
  readonly complete: boolean;
}

export type DeviceProblem =
  | "denied"          // permission refused (by the person or the site)
  | "missing"         // no such device
  | "busy"            // in use elsewhere, or the system would not start it
  | "insecure"        // not https and not localhost: the browser offers no devices at all
  | "unplugged"       // was there, is gone
  | "failed";         // anything else

/** One kind of device. `stream` carries only this kind's track, or is null. */
export interface DeviceState {
  readonly wanted: boolean;             // what the person asked for: on or off
  readonly live: boolean;               // a running track stands behind it
  readonly asking: boolean;             // the browser is asking for permission, or the device is starting
  readonly problem: DeviceProblem | null;
  readonly chosen: string | null;       // device id
  readonly choices: readonly { readonly id: string; readonly label: string }[];
}

export interface MediaState {
  readonly microphone: DeviceState;
  readonly camera: DeviceState;
  readonly speakers: Pick<DeviceState, "chosen" | "choices">;
  readonly preview: MediaStream | null; // own picture, for the preview and the self-view
  readonly level: number;               // own microphone, 0..1, for the meter; changes often
}

/** The other page in the call. `media`: how its sound and picture travel right now. */
export interface RemotePeer {
  readonly id: string;
  readonly person: string;
  readonly audio: boolean;
  readonly video: boolean;
  readonly stream: MediaStream;
  readonly media: "connecting" | "connected" | "interrupted" | "failed";
  readonly flows: boolean;              // seen to arrive, since anything else gave reason to doubt it
  readonly frozen: boolean;             // the last picture stands; no new one comes
  readonly here: boolean;               // false: its signalling was lost; it may be back in a moment
  readonly unproven: boolean;           // connected, and its page has signed nothing new for a while
}

/** When the other went; `lost`: without saying so. */
export interface Gone {
  readonly atUs: number;
  readonly lost: boolean;
}

export interface CallState {
  readonly mentorship: string;
  readonly room: string;
  readonly phase: "joining" | "joined" | "left";
  readonly peers: readonly RemotePeer[];
  readonly gone: Gone | null;           // the other was here in this call, and is not any more
  readonly session: SessionView | null;
  readonly microphoneOn: boolean;       // what the other hears
  readonly cameraOn: boolean;
  readonly ended: "left" | "ended" | "replaced" | "revoked" | null; // why, once phase is left
  readonly trouble: Trouble | null;
}

export interface AppState {
  readonly phase: "starting" | "signed_out" | "ready" | "refused";
  readonly trouble: Trouble | null;     // why it is `refused`, in words
  readonly canStart: boolean;           // whether a visitor without a link may begin a mentorship here
  readonly me: PersonView | null;
  readonly link: Link;
  readonly hasNetwork: boolean;         // as far as the browser knows; the server may be away all the same
  readonly clockOffsetUs: number;       // server's clock minus Date.now()*1000
  readonly mentorships: readonly MentorshipView[];
  readonly arrivedAt: string | null;    // the mentorship that the opened link leads to
  readonly conversations: Readonly<Record<string, Conversation>>;
  readonly typing: Readonly<Record<string, string>>; // by conversation, who of the others writes now
  readonly sessions: Readonly<Record<string, readonly SessionView[]>>; // by mentorship, newest first
  readonly listed: Readonly<Record<string, true>>;       // mentorships of which all sessions came
  readonly arranged: Readonly<Record<string, Arranged>>; // by mentorship, once looked at
  readonly reflections: Readonly<Record<string, ReflectionView>>; // by session, once looked at
  readonly next: Readonly<Record<string, NextSteps>>; // by mentorship, once looked at
  readonly accounts: Readonly<Record<string, SessionAccount>>; // by session, as they were asked for
  readonly media: MediaState;
  readonly call: CallState | null;
}

/** What two people have proposed to each other, the newest first, and planned, by its end, the earliest
 * first; declined or cancelled too. */
export interface Arranged {
  readonly agreements: readonly AgreementView[];
  readonly meetings: readonly MeetingView[];
}

/** What two people agree on and plan. Each is told by a frame when it is so, on both sides. */
export interface Arrange {
  load(mentorship: string): Promise<void>;               // what they arranged so far, into the state
  propose(mentorship: string, wish: NewAgreement): Promise<void>;
  accept(mentorship: string, version: number): Promise<void>;
  decline(mentorship: string, version: number): Promise<void>;
  withdraw(mentorship: string, version: number): Promise<void>;
  plan(mentorship: string, wish: NewMeeting): Promise<void>;
  move(mentorship: string, meeting: string, wish: MoveMeeting): Promise<void>;
  cancel(mentorship: string, meeting: string): Promise<void>;
}

/** What the two say after a session. What is loaded is in the state, and stays as the server has it. */
export interface Reflect {
  load(session: string): Promise<void>;
  save(session: string, wish: SaveReflection): Promise<void>;
  dismiss(session: string): Promise<void>;               // do not ask about it again
  talk(session: string): Promise<TalkView>;              // who spoke how much, as far as it is mine
  loadNext(mentorship: string): Promise<void>;
}

/** A file to keep. */
export interface Download {
  readonly blob: Blob;
  readonly name: string;
}

/** What sessions come to, and what one says to that. `revision` is the settlement's that one saw. */
export interface Ledger {
  confirm(session: string, revision: number): Promise<void>;
  contest(session: string, revision: number, reason: string): Promise<void>;
  correct(session: string, billedUs: number, reason: string): Promise<void>;
  evidence(session: string): Promise<Download>;
  statement(role: "mentor" | "mentee", month: string): Promise<Statement>; // `2026-11`
  statementFile(role: "mentor" | "mentee", month: string, format: "csv" | "json"): Promise<Download>;
}

/** What two people say to each other. What refuses at once returns a Trouble: the text stays with the
 * writer. What waits for the server, and what it refused, is in the state. */
export interface Chat {
  open(conversation: string): void;                      // loads the newest page once
  loadOlder(conversation: string): Promise<void>;        // of what is looked at
  loadNewer(conversation: string): Promise<void>;
  /** Looks at a message, or at the first one from a time on; resolves to its seq, 0 if there is none. */
  goTo(conversation: string, where: number | { readonly atUs: number }): Promise<number>;
  newest(conversation: string): void;                    // looks at the newest again
  heed(conversation: string): void;                      // that messages may be gone: it is said no more
  quoted(conversation: string, seq: number): Promise<void>; // into `strays`
  pins(conversation: string): Promise<readonly Message[]>; // newest pin first
  versions(conversation: string, seq: number): Promise<readonly MessageVersion[]>; // oldest first
  find(mentorship: string, words: string, before: number | null): Promise<Found>;

  send(conversation: string, body: string, replyTo?: number | null): Trouble | null;
  edit(conversation: string, seq: number, body: string): Trouble | null;
  erase(conversation: string, seq: number): void;        // for both
  react(conversation: string, seq: number, emoji: Emoji, on: boolean): void;
  pin(conversation: string, seq: number, on: boolean): void;
  again(id: string): void;                               // sends what was refused once more
  discard(id: string): void;                             // gives up what was refused
  read(conversation: string, seq: number): void;
  typing(conversation: string, typing: boolean): void;
  draft(conversation: string): Draft;
  saveDraft(conversation: string, draft: Draft): void;
}

/** When it must end, or somebody should know. */
export interface Safety {
  leave(mentorship: string): Promise<void>;
  block(mentorship: string, on: boolean): Promise<void>;
  report(mentorship: string, report: NewReport): Promise<void>;
}

/** What others are told of one. */
export interface Privacy {
  hidesSeen(): Promise<boolean>;                         // whether nobody is told when one was last here
  hideSeen(hidden: boolean): Promise<boolean>;           // resolves to what holds
}

/** By which clock one reads times. */
export interface Zones {
  readonly here: string;                                 // this machine's
  readonly isAsked: boolean;                             // whether one is to hear that it is another
  keep(): void;                                          // no more of that, as long as it is the same
  use(zone: string): Promise<void>;                      // refuses with `invalid_field`
}

/** The one object that elements talk to. */
export interface App {
  readonly state: AppState;
  readonly chat: Chat;
  readonly safety: Safety;
  readonly privacy: Privacy;
  readonly zones: Zones;
  readonly arrange: Arrange;
  readonly reflect: Reflect;
  readonly ledger: Ledger;
  subscribe(listener: (state: AppState) => void): () => void;

  nowUs(): number;                                       // the server's clock, as well as we know it
  startMentorship(form: NewMentorship): Promise<MentorshipCreated>;
  replaceLink(): Promise<string>;
  signOut(): void;                                       // this tab forgets who it is

  loadSessions(mentorship: string): Promise<void>;
  loadAccount(session: string): Promise<SessionAccount>;
  extendSession(session: string): Promise<void>;         // go on past the booked time

  prepare(mentorship: string): Promise<void>;            // pre-join: devices, peer connection, offer
  unprepare(): void;                                     // leaves the pre-join page without joining
  setMicrophone(on: boolean): Promise<void>;
  setCamera(on: boolean): Promise<void>;
  chooseDevice(kind: "microphone" | "camera" | "speakers", id: string): Promise<void>;
  retryDevices(): Promise<void>;
  join(): void;                                          // joins what was prepared, with what there is
  leave(): void;
  endSession(session: string): Promise<void>;            // for both, wherever they are
  closeCall(): void;                                     // puts the summary away
  inCall(): string | null;                               // the mentorship this tab was in a call of
  keepInCall(mentorship: string | null): void;           // for a reload to go on with
  reconnectNow(): void;
}

/** What App's promises reject with. `field` names the wrong part of a form, such as `mentor.zone`;
 * `afterUs`: not before that long the same is to be asked again. */
export class Refused extends Error {
  constructor(
    readonly trouble: Trouble,
    readonly field: string | null = null,
    readonly afterUs = 0,
  ) {
    super(trouble.what);
    this.name = "Refused";
  }
}
