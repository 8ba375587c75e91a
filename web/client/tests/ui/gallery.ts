/** `?NAME` shows one state; `window.states` names them all. */
import type {
  AppState,
  Conversation,
  DeviceProblem,
  MediaState,
  RemotePeer,
} from "../../src/lib/model.js";
import type { NextSteps, ReflectionView } from "../../src/protocol/types.js";
import type { SessionAccount } from "../../src/protocol/types.js";
import type { LitElement } from "lit";
import "../../src/ui/page.css";
import { viewOf } from "../../src/lib/session.js";
import { Shell } from "../../src/ui/shell.js";
import { ACCOUNTS, STATEMENTS } from "./accounts.js";
import { talkStates } from "./talk-states.js";
import {
  AGREED,
  ANA,
  BASE,
  CALL,
  FakeApp,
  LEYLA,
  LONG,
  ME,
  MEDIA,
  MEETING,
  MENTORSHIP,
  MIN,
  MINE,
  NOT_SAID,
  NOW,
  PROPOSED,
  SESSION,
  THEIRS,
  talk,
} from "./fake-app.js";

/** What makes a picture move: only those that are shown do, or they take all of the machine. */
const movers = new Map<MediaStream, () => void>();

/** Stands in for a camera. */
function picture(width: number, height: number, hue: number): MediaStream {
  const canvas = document.createElement("canvas");
  canvas.width = width;
  canvas.height = height;
  const pen = canvas.getContext("2d")!;
  const draw = (): void => {
    const sky = pen.createLinearGradient(0, 0, 0, height);
    sky.addColorStop(0, `oklch(70% 0.06 ${hue})`);
    sky.addColorStop(1, `oklch(45% 0.07 ${hue})`);
    pen.fillStyle = sky;
    pen.fillRect(0, 0, width, height);
    pen.fillStyle = "oklch(78% 0.07 60)";
    pen.beginPath();
    pen.ellipse(width / 2, height * 0.42, height * 0.16, height * 0.21, 0, 0, 7);
    pen.fill();
    pen.fillStyle = "oklch(40% 0.05 260)";
    pen.beginPath();
    pen.ellipse(width / 2, height * 1.02, height * 0.42, height * 0.38, 0, 0, 7);
    pen.fill();
    setTimeout(draw, 100);
  };
  const stream = canvas.captureStream();
  movers.set(stream, draw);
  return stream;
}

const WITH_PICTURE: MediaState = { ...MEDIA, preview: picture(640, 360, 150) };
const peer = (
  more: Partial<RemotePeer> = {},
  size: [number, number] = [1280, 720],
): RemotePeer => ({
  id: "peer-ana-1",
  person: ANA.id,
  audio: true,
  video: true,
  stream: picture(...size, 235),
  media: "connected",
  flows: true,
  frozen: false,
  here: true,
  unproven: false,
  ...more,
});

const log = (more: Partial<Conversation>): AppState["conversations"] => ({
  [MENTORSHIP.conversation]: { ...BASE.conversations[MENTORSHIP.conversation]!, ...more },
});

const problem = (microphone: DeviceProblem | null, camera: DeviceProblem | null): MediaState => ({
  ...MEDIA,
  level: 0,
  microphone: { ...MEDIA.microphone, live: !microphone, problem: microphone },
  camera: { ...MEDIA.camera, live: !camera, problem: camera },
});

const room = `/m/${MENTORSHIP.id}`;
const withOther = (person: typeof ANA): AppState["mentorships"] => [
  {
    ...MENTORSHIP,
    members: [MENTORSHIP.members[0]!, { person, role: "mentee", presence: "in_room" }],
  },
];
/** I am the mentee, who pays. */
const asMentee = (
  more: Partial<(typeof BASE.mentorships)[0]>,
  mentor = ANA,
): AppState["mentorships"] => [
  {
    ...MENTORSHIP,
    members: [
      { person: ME, role: "mentee", presence: "here" },
      { person: mentor, role: "mentor", presence: "here" },
    ],
    ...more,
  },
];
const before = (mentorships: AppState["mentorships"]): [string, AppState] => [
  room,
  { ...BASE, media: WITH_PICTURE, mentorships },
];
const OFFLINE: AppState["link"] = { is: "offline", retryAt: 0, trouble: null };
const inCall = (more: Partial<typeof CALL>, state: Partial<AppState> = {}): [string, AppState] => [
  `${room}/call`,
  { ...BASE, media: WITH_PICTURE, call: { ...CALL, ...more }, ...state },
];

const second = { ...MENTORSHIP, id: MENTORSHIP.id.replace(/1$/, "2"), unread: 0, last: null };
const third = {
  ...MENTORSHIP,
  id: MENTORSHIP.id.replace(/1$/, "3"),
  unread: 0,
  meeting: MEETING,
  proposal: PROPOSED,
};
const four = [1, 2, 3, 4].map((n) => ({
  ...SESSION,
  id: SESSION.id.replace(/1$/, String(n)),
  started_us: SESSION.started_us! - (n - 1) * 7 * 24 * 60 * MIN,
}));

const STEPS: NextSteps = {
  mentorship: MENTORSHIP.id,
  last: { session: SESSION.id, at_us: NOW - 7 * 24 * 60 * MIN, mine: MINE.next, theirs: THEIRS.next },
  reminder: null,
};
/** Just out of the call. */
const LEFT: AppState = {
  ...BASE,
  sessions: { [MENTORSHIP.id]: [SESSION] },
  call: { ...CALL, phase: "left", ended: "left", session: SESSION },
};
const ENDED: AppState = { ...LEFT, call: { ...CALL, phase: "left", ended: "ended", session: SESSION } };
const said = (view: Partial<ReflectionView>): [string, AppState] => [
  `/s/${SESSION.id}`,
  {
    ...BASE,
    sessions: { [MENTORSHIP.id]: [SESSION] },
    reflections: { [SESSION.id]: { ...NOT_SAID, ...view } },
  },
];

const NOT_TAKEN = {
  code: "not_accepted",
  what: "The other does not take messages or calls from you at the moment.",
  advice: "Leave it at that for now; it may change.",
};

const STATES: Record<string, [string, AppState]> = {
  home: [
    "/",
    {
      ...BASE,
      mentorships: [
        MENTORSHIP,
        {
          ...second,
          members: [
            { person: ME, role: "mentee", presence: "here" },
            { person: LEYLA, role: "mentor", presence: "in_room" },
          ],
        },
        {
          ...third,
          members: [
            { person: ME, role: "mentor", presence: "here" },
            { person: LONG, role: "mentee", presence: "away" },
          ],
        },
      ],
      sessions: { [MENTORSHIP.id]: four },
    },
  ],
  "home-contested": [
    "/",
    {
      ...BASE,
      mentorships: [{ ...MENTORSHIP, unread: 0 }],
      sessions: { [MENTORSHIP.id]: [viewOf(ACCOUNTS["account-contested-by-other"]!), ...four.slice(1)] },
    },
  ],
  "home-parted": [
    "/",
    {
      ...BASE,
      mentorships: [
        { ...MENTORSHIP, closed_us: NOW - 30 * 60 * MIN, closed_by: ANA.id, unread: 0 },
        {
          ...second,
          blocked_by_me: true,
          members: [
            { person: ME, role: "mentor", presence: "here" },
            { person: LONG, role: "mentee", presence: "in_room" },
          ],
        },
      ],
      sessions: { [MENTORSHIP.id]: four },
    },
  ],
  "home-travelling": ["/", BASE],
  "prejoin-travelling": [room, BASE],
  "home-empty": ["/", { ...BASE, mentorships: [] }],
  "signed-out": ["/", { ...BASE, phase: "signed_out", me: null, mentorships: [] }],
  "signed-out-session": [
    `/s/${SESSION.id}`,
    { ...BASE, phase: "signed_out", me: null, mentorships: [] },
  ],
  "signed-out-start": [
    "/",
    { ...BASE, phase: "signed_out", me: null, mentorships: [], canStart: true },
  ],
  starting: ["/", { ...BASE, phase: "starting", me: null, mentorships: [] }],
  refused: [
    "/open",
    {
      ...BASE,
      phase: "refused",
      me: null,
      mentorships: [],
      trouble: {
        code: "invitation_expired",
        what: "This link has run out.",
        advice: "Ask for a new one.",
      },
    },
  ],
  stopped: [
    "/",
    {
      ...BASE,
      link: {
        is: "stopped",
        trouble: {
          code: "replaced",
          what: "Ithaca went on in another tab.",
          advice: "Close this one, or use it instead.",
        },
      },
    },
  ],
  unknown: ["/nowhere/at/all", BASE],
  new: ["/new", BASE],
  "new-signed-out": [
    "/new",
    { ...BASE, phase: "signed_out", me: null, mentorships: [], canStart: true },
  ],
  prejoin: [room, { ...BASE, media: WITH_PICTURE }],
  "prejoin-asking": [
    room,
    {
      ...BASE,
      media: { ...problem(null, null), camera: { ...MEDIA.camera, live: false, asking: true } },
    },
  ],
  "prejoin-denied": [
    room,
    { ...BASE, media: problem("denied", "denied"), mentorships: withOther({ ...ANA }) },
  ],
  "prejoin-missing": [room, { ...BASE, media: problem(null, "missing") }],
  "prejoin-busy": [room, { ...BASE, media: problem("busy", null) }],
  "prejoin-insecure": [
    room,
    {
      ...BASE,
      media: { ...problem("insecure", "insecure"), speakers: { chosen: null, choices: [] } },
    },
  ],
  "prejoin-elsewhere": [
    room,
    {
      ...BASE,
      media: { ...MEDIA, microphone: { ...MEDIA.microphone, wanted: false, live: false } },
      mentorships: [{ ...MENTORSHIP, session: CALL.session! }],
    },
  ],
  "prejoin-rtl": [room, { ...BASE, media: WITH_PICTURE, mentorships: withOther(LEYLA) }],
  "prejoin-long": [room, { ...BASE, media: WITH_PICTURE, mentorships: withOther(LONG) }],
  "prejoin-agreed": before(asMentee({ agreement: AGREED, meeting: MEETING })),
  "prejoin-charging": before([{ ...MENTORSHIP, agreement: AGREED, meeting: MEETING }]),
  "prejoin-proposed": before(asMentee({ agreement: AGREED, proposal: PROPOSED, meeting: MEETING })),
  "prejoin-proposed-long": before(
    asMentee({ agreement: AGREED, proposal: PROPOSED, meeting: MEETING }, { ...LONG, id: ANA.id }),
  ),
  "prejoin-proposed-rtl": before(
    asMentee({ agreement: AGREED, proposal: PROPOSED, meeting: MEETING }, { ...LEYLA, id: ANA.id }),
  ),
  "prejoin-declined": before([
    { ...MENTORSHIP, agreement: AGREED, proposal: { ...PROPOSED, state: "declined", proposed_by: ME.id } },
  ]),
  "prejoin-declined-by-me": before(asMentee({ proposal: { ...PROPOSED, state: "declined" } })),
  "prejoin-offline": [
    room,
    {
      ...before(asMentee({ agreement: AGREED, meeting: MEETING }))[1],
      link: OFFLINE,
      hasNetwork: false,
    },
  ],
  "prejoin-closed": before([
    { ...MENTORSHIP, agreement: AGREED, closed_us: NOW - 4 * 24 * 60 * MIN, closed_by: ME.id },
  ]),
  "prejoin-blocked": before([{ ...MENTORSHIP, blocked_by_me: true, meeting: MEETING }]),
  "prejoin-waiting": before([{ ...MENTORSHIP, proposal: { ...PROPOSED, proposed_by: ME.id } }]),
  "conversation-empty": [
    room,
    {
      ...BASE,
      media: WITH_PICTURE,
      mentorships: [{ ...MENTORSHIP, head: 0, read: 0, unread: 0, last: null }],
      conversations: log({ head: 0, messages: [] }),
    },
  ],
  "conversation-marks": [
    room,
    {
      ...BASE,
      media: WITH_PICTURE,
      mentorships: withOther({ ...LONG, id: ANA.id }),
      sessions: {
        [MENTORSHIP.id]: [
          viewOf(ACCOUNTS["account-contested-by-other"]!),
          { ...viewOf(ACCOUNTS["account-paid"]!), id: four[1]!.id, ended_us: NOW - 26 * 60 * MIN - 70 * MIN },
        ],
      },
      arranged: {
        [MENTORSHIP.id]: {
          agreements: [{ ...PROPOSED, state: "declined", answered_by: ME.id, answered_us: NOW - 3 * MIN }],
          meetings: [{ ...MEETING, told_us: NOW - 2 * MIN, told_by: ANA.id }],
        },
      },
    },
  ],
  "conversation-offline": [
    room,
    {
      ...BASE,
      media: WITH_PICTURE,
      link: OFFLINE,
      conversations: log({
        pending: [
          {
            id: "p1",
            body: "I will be there in a minute, the train is late.",
            writtenUs: NOW,
            replyTo: null,
            refused: null,
          },
          {
            id: "p2",
            body: "x".repeat(300),
            writtenUs: NOW,
            replyTo: null,
            refused: {
              code: "message_too_long",
              what: "A message may have at most 16 KiB of UTF-8 text.",
              advice: "Shorten it, or send it in parts.",
            },
          },
        ],
      }),
    },
  ],
  "conversation-restored": [
    room,
    {
      ...BASE,
      media: WITH_PICTURE,
      mentorships: [{ ...MENTORSHIP, head: 12, read: 12, unread: 0 }],
      conversations: log({ restored: true, head: 12, messages: talk(12, 12) }),
    },
  ],
  "conversation-away": [
    room,
    { ...BASE, media: WITH_PICTURE, link: OFFLINE, conversations: log({ messages: [] }) },
  ],
  "conversation-thousand": [
    room,
    {
      ...BASE,
      media: WITH_PICTURE,
      mentorships: [{ ...MENTORSHIP, head: 1000, read: 1000, unread: 0 }],
      conversations: log({ head: 1000, messages: talk(1000) }),
    },
  ],
  call: inCall({ peers: [peer()] }),
  "call-read": inCall(
    { peers: [peer()] },
    { mentorships: [{ ...MENTORSHIP, read: 40, unread: 0 }] },
  ),
  "call-portrait": inCall({ peers: [peer({}, [720, 1280])] }),
  "call-alone": inCall({
    peers: [],
    session: { ...SESSION, state: "waiting", started_us: null, ended_us: null, together_us: 0 },
  }),
  "call-gone": inCall({ peers: [], gone: { atUs: NOW - MIN, lost: false } }),
  "call-joining": inCall({ phase: "joining", session: null }),
  "call-video-off": inCall({
    peers: [peer({ video: false, audio: false })],
    microphoneOn: false,
    cameraOn: false,
  }),
  "call-reconnecting": inCall({ peers: [peer()] }, { link: OFFLINE }),
  "call-silent": inCall({ peers: [peer()] }, { link: { is: "online", silent: true } }),
  "call-lost": inCall({ peers: [peer({ media: "interrupted", flows: false, here: false })] }),
  "call-frozen": inCall({ peers: [peer({ frozen: true })] }),
  "call-denied": inCall(
    { peers: [peer()], microphoneOn: false, cameraOn: false },
    { media: problem("denied", "denied") },
  ),
  "call-missing": inCall({ peers: [peer()], cameraOn: false }, { media: problem(null, "missing") }),
  "call-sound": inCall(
    { peers: [peer()] },
    { media: { ...problem("unplugged", null), preview: WITH_PICTURE.preview } },
  ),
  "call-asks": inCall({ peers: [peer()] }, { mentorships: asMentee({ agreement: AGREED }) }),
  "call-unproven": inCall(
    { peers: [peer({ unproven: true })] },
    { mentorships: [{ ...MENTORSHIP, agreement: AGREED }] },
  ),
  "call-asked": inCall({ peers: [peer()] }),
  "call-replaced": [
    `${room}/call`,
    { ...BASE, call: { ...CALL, phase: "left", ended: "replaced" } },
  ],
  "call-refused": inCall({ phase: "left", ended: null, session: null, trouble: NOT_TAKEN }),
  summary: [`/s/${SESSION.id}`, BASE],
  "summary-open": [
    `/s/${SESSION.id}`,
    {
      ...BASE,
      call: {
        ...CALL,
        phase: "left",
        ended: "left",
        session: {
          ...CALL.session!,
          estimated: true,
          version: SESSION.version + 1,
          as_of_us: NOW,
          together_since_us: null,
          people: CALL.session!.people.map((time) =>
            time.person === ME.id ? { ...time, since_us: null } : time,
          ),
        },
      },
    },
  ],
  "summary-left": [
    `/s/${SESSION.id}`,
    {
      ...BASE,
      sessions: {
        [MENTORSHIP.id]: [
          {
            ...SESSION,
            version: SESSION.version + 1,
            state: "open",
            ended_us: null,
            end_reason: null,
            as_of_us: NOW,
          },
        ],
      },
    },
  ],
  "summary-closed": [
    `/s/${SESSION.id}`,
    { ...BASE, mentorships: [{ ...MENTORSHIP, closed_us: NOW - 2 * MIN, closed_by: ANA.id }] },
  ],
  "summary-long": [
    `/s/${SESSION.id}`,
    { ...BASE, mentorships: withOther({ ...LONG, id: ANA.id }) },
  ],
  "summary-ended": [`/s/${SESSION.id}`, ENDED],
  "summary-blocked": [
    `/s/${SESSION.id}`,
    { ...ENDED, mentorships: [{ ...MENTORSHIP, blocked_by_me: true }] },
  ],
  "reflect-left": [`/s/${SESSION.id}`, LEFT],
  "reflect-answered": [
    `/s/${SESSION.id}`,
    { ...LEFT, reflections: { [SESSION.id]: { ...NOT_SAID, they_answered: true } } },
  ],
  "reflect-later": said({}),
  "reflect-said": said({ mine: MINE }),
  "reflect-private": said({
    mine: { ...MINE, useful: "", next: "", rating: null, answered_us: null, due_us: null },
  }),
  "reflect-shared": said({
    mine: { ...MINE, shared_us: NOW },
    theirs: { ...THEIRS, useful: "x".repeat(600), next: "שלום, הצעד הבא הוא לכתוב" },
    they_answered: true,
  }),
  "reflect-next": [room, { ...BASE, media: WITH_PICTURE, next: { [MENTORSHIP.id]: STEPS } }],
  "reflect-reminder": [
    room,
    {
      ...BASE,
      media: WITH_PICTURE,
      next: {
        [MENTORSHIP.id]: {
          ...STEPS,
          last: { ...STEPS.last!, theirs: `${"word ".repeat(200)}${"x".repeat(200)}` },
          reminder: { session: SESSION.id, at_us: NOW - 3 * 24 * 60 * MIN },
        },
      },
    },
  ],
};
Object.assign(STATES, talkStates(room, WITH_PICTURE, OFFLINE));
const accountState = (account: SessionAccount, other: typeof ANA = ANA): [string, AppState] => [
  `/s/${account.id}`,
  {
    ...BASE,
    mentorships: withOther({ ...other, id: ANA.id }),
    sessions: { [MENTORSHIP.id]: [viewOf(account)] },
    accounts: { [account.id]: account },
  },
];
const WITH: Readonly<Record<string, typeof ANA>> = {
  "account-contested-by-other": LONG,
  "account-contested-by-me": LEYLA,
  "account-no-show": LEYLA,
};
for (const [name, account] of Object.entries(ACCOUNTS)) {
  STATES[name] = accountState(account, WITH[name]);
}
for (const name of Object.keys(STATEMENTS)) STATES[name] = ["/statements", BASE];

const name = location.search.slice(1);
const [path, state] = STATES[name] ?? STATES["home"]!;
for (const stream of [state.media.preview, ...(state.call?.peers ?? []).map((peer) => peer.stream)]) {
  if (stream) movers.get(stream)?.();
}
history.replaceState(null, "", path);
if (name === "call-sound") {
  // A browser that wants a click before it plays sound.
  const { play } = HTMLMediaElement.prototype;
  HTMLMediaElement.prototype.play = function (): Promise<void> {
    if (this.muted || navigator.userActivation.hasBeenActive) return play.call(this);
    return Promise.reject(new DOMException("", "NotAllowedError"));
  };
}
const app = new FakeApp(state);
app.statement = STATEMENTS[name] ?? app.statement;
if (name.endsWith("-travelling")) app.zoneHere = "Europe/Lisbon";
const page = new Shell();
page.app = app;
document.body.append(page);

const all = (root: ParentNode): Element[] =>
  [...root.querySelectorAll("*")].flatMap((e) => [e, ...(e.shadowRoot ? all(e.shadowRoot) : [])]);
const deep = (name: string): Element[] => all(document).filter(({ localName }) => localName === name);

/** Where there is no room for it beside the page, the conversation is opened. */
async function openTalk(): Promise<void> {
  const prejoin = page.shadowRoot!.querySelector<LitElement>("ith-prejoin");
  await prejoin?.updateComplete;
  const buttons = [...(prejoin?.shadowRoot?.querySelectorAll("button") ?? [])];
  const button = buttons.find((each) => each.textContent?.includes("Conversation"));
  if (button?.checkVisibility() && !deep("ith-conversation").length) button.click();
  await prejoin?.updateComplete;
}

/** All that moves has arrived: pictures play, what appears after a wait has appeared. */
async function settle(): Promise<void> {
  await page.updateComplete;
  if (name.startsWith("talk-")) await openTalk();
  const elements = all(document);
  await Promise.all(elements.map((e) => (e as Partial<Shell>).updateComplete));
  const videos = elements.filter((e): e is HTMLVideoElement => e instanceof HTMLVideoElement);
  await Promise.all(
    videos.map((v) => v.videoWidth || new Promise((seen) => v.requestVideoFrameCallback(seen))),
  );
  for (const each of all(document)) for (const moving of each.getAnimations()) moving.finish();
}
Object.assign(window, { states: Object.keys(STATES), app, settle });
