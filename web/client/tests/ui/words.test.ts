import { describe, expect, it } from "vitest";

import type { CallState, DeviceState, MediaState, RemotePeer } from "../../src/lib/model.js";
import { callWords, fitOf } from "../../src/ui/words/call.js";
import { deviceTroubles, joinWords, lackWords } from "../../src/ui/words/devices.js";
import { personTroubles, zoneOf } from "../../src/ui/words/form.js";
import { wasNotTaken } from "../../src/ui/words/safety.js";
import { initials, presenceWords, roleWords } from "../../src/ui/words/people.js";
import {
  endWords,
  headline,
  interruptionWords,
  interruptionsOf,
  newest,
  presentUs,
  togetherUs,
} from "../../src/ui/words/session.js";
import { zoneHint } from "../../src/ui/words/zone.js";
import * as time from "../../src/ui/words/time.js";
import { parseRoute, paths } from "../../src/ui/route.js";
import { ANA, BASE, CALL, LEYLA, ME, MEDIA, MENTORSHIP, MIN, NOW, SESSION } from "./fake-app.js";

const S = 1_000_000;
const DAY = 24 * 60 * MIN;

describe("durations", () => {
  it.each([
    [-5 * S, "0 s", "0:00"],
    [0, "0 s", "0:00"],
    [999_999, "0 s", "0:00"],
    [12 * S, "12 s", "0:12"],
    [60 * S, "1 min 0 s", "1:00"],
    [(45 * 60 + 29) * S, "45 min 29 s", "45:29"],
    [3600 * S, "1 h 0 min 0 s", "1:00:00"],
    [(3600 + 2 * 60 + 5) * S, "1 h 2 min 5 s", "1:02:05"],
    [26 * 3600 * S, "26 h 0 min 0 s", "26:00:00"],
  ])("%i us is %s, running %s", (us, words, running) => {
    expect(time.span(us)).toBe(words);
    expect(time.count(us)).toBe(running);
  });
});

describe("days and clocks", () => {
  it.each([
    [NOW, "Today", "14:13"],
    [NOW - 15 * 60 * MIN, "Yesterday", "Yesterday"], // 23:13 in Vienna, though less than a day ago
    [NOW - 2 * DAY, "Sunday 22 November", "22 Nov"],
    [NOW - 365 * DAY, "Monday 24 November 2025", "24 Nov 2025"],
  ])("%i", (us, day, short) => {
    expect(time.dayName("Europe/Vienna", us, NOW)).toBe(day);
    expect(time.shortWhen("Europe/Vienna", us, NOW)).toBe(short);
  });

  it("counts days by the calendar, over a change of the clocks too", () => {
    const before = Date.UTC(2026, 9, 24, 22, 30) * 1000; // 00:30 on the 25th, 25 hours long
    const after = Date.UTC(2026, 9, 25, 23, 30) * 1000; // 00:30 on the 26th
    expect(time.dayName("Europe/Vienna", before, after)).toBe("Yesterday");
  });

  it("says both clocks, and the day where it differs", () => {
    expect(time.bothClocks(NOW, ME, ANA)).toBe(
      "14:13 for you in Vienna, 08:13 for Ana Quispe in Lima",
    );
    expect(time.bothClocks(NOW, ME, { name: "Jo", zone: "Europe/Berlin" })).toBe(
      "14:13 for both of you",
    );
    const early = NOW - 12 * 60 * MIN; // 02:13 on Tuesday in Vienna
    expect(time.theirClock(early, ME, ANA)).toBe("20:13 on Monday for Ana Quispe");
    expect(time.theirClock(NOW, ME, ME)).toBe("");
  });

  it("says both stretches", () => {
    expect(time.bothStretches(NOW - 40 * MIN, NOW, ME, ANA)).toBe(
      "13:33 to 14:13 for you in Vienna, 07:33 to 08:13 for Ana Quispe in Lima",
    );
    expect(time.bothStretches(NOW, NOW + 10 * S, ME, ANA)).toBe(
      "14:13 for you in Vienna, 08:13 for Ana Quispe in Lima",
    );
    expect(time.bothStretches(NOW - 40 * MIN, NOW, ME, ME)).toBe("13:33 to 14:13 for both of you");
  });

  it("gives the exact moment", () => {
    expect(time.exact("Europe/Vienna", NOW)).toBe("Tuesday 24 November 2026, 14:13:20");
  });

  it("reads a zone it lacks as UTC, and names cities", () => {
    expect(time.timeIn("Atlantis/Capital", NOW)).toBe("13:13");
    expect(time.cityOf("America/Argentina/Buenos_Aires")).toBe("Buenos Aires");
    expect(time.cityOf("UTC")).toBe("UTC");
  });

  it("sets a name from right to left apart in a sentence, and no other", () => {
    expect(time.named(LEYLA.name)).toBe(`\u2068${LEYLA.name}\u2069`);
    expect(time.named("Ana")).toBe("Ana");
  });

  it.each([
    ["x".repeat(28), "x".repeat(28)],
    ["x".repeat(29), `${"x".repeat(27)}…`],
    ["María Fernanda de la Asunción y Gutiérrez", "María Fernanda de la Asunci…"],
    ["María Fernanda de la Asunc y Gutiérrez", "María Fernanda de la Asunc…"], // no space before it
    ["e\u0301".repeat(28), "e\u0301".repeat(28)],
    ["e\u0301".repeat(30), `${"e\u0301".repeat(27)}…`],
    ["ליאורה בן־דוד ".repeat(4), "\u2068ליאורה בן־דוד ליאורה בן־דוד…\u2069"],
  ])("cuts a long name in a sentence: %j", (name, words) => {
    expect(time.named(name)).toBe(words);
  });
});

describe("people", () => {
  it.each([
    ["Ana Quispe", "AQ"],
    ["Telemachus (demo)", "TD"],
    ["  maría   josé de la o ", "MO"],
    ["Plato", "P"],
    ["李小龙", "李"],
    ["é́ clair", "É́C"],
    ["!!!", "?"],
    ["", "?"],
  ])("%j begins with %s", (name, letters) => {
    expect(initials(name)).toBe(letters);
  });

  it.each([
    ["in_room", "Ana Quispe is in the room"],
    ["here", "Ana Quispe has Ithaca open"],
    ["away", "Ana Quispe is not here; you can write"],
  ] as const)("%s", (presence, words) => {
    const member = { person: ANA, role: "mentee", presence } as const;
    expect(presenceWords(member)).toBe(words);
    expect(presenceWords(member, false)).toBe(words.replace("; you can write", ""));
  });

  it.each([
    ["in_room", "Your mentee, in the room now"],
    ["here", "Your mentee, has Ithaca open"],
    ["away", "Your mentee, not here"],
  ] as const)("%s in a list, but nothing while that is not known", (presence, words) => {
    const member = { person: ANA, role: "mentee", presence } as const;
    expect(roleWords(member, true)).toBe(words);
    expect(roleWords(member, false)).toBe("Your mentee");
  });
});

const good = { name: "Ana", zone: "America/Lima", email: "" };

describe("a person's entries", () => {
  it.each([
    [{}, {}],
    [{ name: " Иван ", zone: " Europe/Vienna ", email: " ana@example.org " }, {}],
    [{ name: "李", zone: "UTC", email: "a+b@mail.example.co.uk" }, {}],
    [{ name: "" }, { name: "Write the name." }],
    [{ name: " \t" }, { name: "Write the name." }],
    [{ name: "\u3164\u{e0041}" }, { name: "Write the name." }],
    [{ name: "--\u3164" }, { name: "A name needs at least one letter." }],
    [{ name: "--" }, { name: "A name needs at least one letter." }],
    [{ name: "x".repeat(64) }, {}],
    [{ name: "x".repeat(65) }, { name: "A name may have at most 64 characters." }],
    [{ name: "e\u0301".repeat(64) }, {}], // as a reader counts
    [{ zone: "" }, { zone: "Choose the time zone." }],
    [{ zone: "Lima" }, { zone: expect.stringContaining("no such time zone") }],
    [{ email: "ana" }, { email: expect.stringContaining("looks like") }],
    [{ email: "@example.org" }, { email: expect.stringContaining("looks like") }],
    [{ email: "ana@example" }, { email: expect.stringContaining("looks like") }],
    [{ email: "ana@.org" }, { email: expect.stringContaining("looks like") }],
    [{ email: "ana@example." }, { email: expect.stringContaining("looks like") }],
    [{ email: "a na@example.org" }, { email: expect.stringContaining("looks like") }],
    [{ email: `${"x".repeat(250)}@a.at` }, { email: expect.stringContaining("looks like") }],
    [
      { name: "", zone: "", email: "x" },
      {
        name: "Write the name.",
        zone: "Choose the time zone.",
        email: expect.stringContaining("looks like"),
      },
    ],
  ])("%j", (part, troubles) => {
    expect(personTroubles({ ...good, ...part })).toEqual(troubles);
  });
});

describe("a time zone", () => {
  const zones = ["America/Argentina/Buenos_Aires", "Asia/Kuwait", "Europe/Vienna", "Europe/Vilnius"];

  it.each([
    ["Vienna", "Europe/Vienna"],
    [" buenos aires ", "America/Argentina/Buenos_Aires"],
    ["Europe/Vienna", "Europe/Vienna"],
    ["Vi", "Vi"],
    ["", ""],
  ])("%j is %s", (said, zone) => {
    expect(zoneOf(said, zones)).toBe(zone);
  });

  it.each([
    ["Vilni", "There is no such time zone. Did you mean Europe/Vilnius?"],
    ["vi", "There is no such time zone. Did you mean Europe/Vienna or Europe/Vilnius?"],
    ["Nowhere", "There is no such time zone. Choose one from the list, such as Europe/Vienna."],
  ])("%j: %s", (zone, words) => {
    expect(personTroubles({ ...good, zone }, zones).zone).toBe(words);
  });
});

describe("sessions", () => {
  const BOTH = SESSION.people.map((time) => ({ ...time, since_us: NOW }));
  const ANA_ALONE = BOTH.map((time) => (time.person === ANA.id ? time : { ...time, since_us: null }));
  const ENDS =
    "It ends when one of you ends it for both, or by itself once nobody has been in the room for 10 " +
    "minutes and any booked time is over.";

  it.each([
    [{}, "One of you ended it for both."],
    [{ ended_by: ME.id }, "You ended it for both."],
    [{ ended_by: ANA.id }, "Ana ended it for both."],
    [
      { end_reason: "empty" },
      "It ended by itself: nobody had been in the room for 10 minutes.",
    ],
    [{ state: "open", people: BOTH }, ENDS],
    [{ state: "open", people: ANA_ALONE }, `Ana is still in the room. ${ENDS}`],
    [{ state: "waiting", people: ANA_ALONE }, `Ana is still in the room. ${ENDS}`],
    [
      { state: "open" },
      `${ENDS} Until then either of you may come back.`,
    ],
  ] as const)("how it ends, case %#", (more, words) => {
    expect(endWords({ ...SESSION, ...more }, ME.id, "Ana")).toBe(words);
  });

  it("grows with the clock while both are there", () => {
    const open = { ...SESSION, together_us: 60 * S, together_since_us: NOW - 5 * S };
    expect(togetherUs(open, NOW)).toBe(65 * S);
    expect(togetherUs(open, NOW - 9 * S)).toBe(60 * S); // a clock behind takes nothing away
    expect(togetherUs({ ...open, together_since_us: null }, NOW)).toBe(60 * S);
    expect(presentUs({ person: "p", present_us: 7 * S, present_most_us: 7 * S, since_us: NOW - S }, NOW)).toBe(8 * S);
    expect(presentUs({ person: "p", present_us: 7 * S , present_most_us: 7 * S }, NOW)).toBe(7 * S);
  });

  it.each([
    [{}, { amount: "45 min 29 s", words: "together" }],
    [{ state: "open", people: BOTH }, { amount: "45 min 29 s", words: "together so far" }],
    [{ state: "open", people: ANA_ALONE }, { amount: "45 min 29 s", words: "together so far" }],
    [{ state: "open" }, { amount: "45 min 29 s", words: "together" }], // nobody is there any more
    [{ started_us: null }, { amount: "", words: "You were not in the room at the same time" }],
    [
      { started_us: null, state: "waiting" },
      { amount: "", words: "You have not been in the room together yet" },
    ],
  ] as const)("%j", (more, words) => {
    expect(headline({ ...SESSION, ...more }, NOW)).toEqual(words);
  });

  it.each([
    [[[NOW - S, NOW + 6 * S]], "The server was away for 12 s"],
    [[[NOW, NOW + 4 * S], [NOW + 9 * S, NOW + 20 * S]], "The server was away for 12 s"],
    [[[NOW, NOW + 5 * S]], "You were both away for 12 s"],
    [[[NOW - 9 * S, NOW]], "You were both away for 12 s"],
  ] as const)("an interruption while the server was away %j", (unwatched, words) => {
    const gap = { from_us: NOW, to_us: NOW + 12 * S, absent: [ME.id, ANA.id] };
    const session = { unwatched: unwatched.map(([from, to]): [number, number] => [from, to]) };
    expect(interruptionWords(gap, session, ME.id, () => "Ana")).toBe(words);
  });

  it.each([
    [[ANA.id], 12 * S, "Ana was away for 12 s"],
    [[ME.id], 12 * S, "You were away for 12 s"],
    [[ME.id, ANA.id], 12 * S, "You were both away for 12 s"],
    [[], 12 * S, "You were apart for 12 s"],
  ])("%j for %i us", (absent, us, words) => {
    const gap = { from_us: NOW, to_us: NOW + us, absent };
    expect(interruptionWords(gap, {}, ME.id, () => "Ana")).toBe(words);
  });

  it("leaves out interruptions that nobody notices", () => {
    const gap = (us: number) => ({ from_us: NOW, to_us: NOW + us, absent: [ANA.id] });
    const interruptions = [gap(999_999), gap(S), gap(12 * S), gap(0)];
    expect(interruptionsOf({ ...SESSION, interruptions })).toEqual([gap(S), gap(12 * S)]);
  });

  it("prefers the view after the last change, and of one version the latest", () => {
    const running = { ...SESSION, version: 4, state: "open", as_of_us: NOW } as const;
    const later = { ...running, as_of_us: NOW + S };
    const ended = { ...SESSION, version: 5, as_of_us: NOW - 2 * MIN }; // as of the last departure
    expect(newest([later, null, running, undefined])).toBe(later);
    expect(newest([running, later])).toBe(later);
    expect(newest([ended, later])).toBe(ended);
    expect(newest([later, ended])).toBe(ended);
    expect(newest([])).toBe(null);
  });
});

describe("devices", () => {
  const media = (microphone: Partial<DeviceState>, camera: Partial<DeviceState>): MediaState => ({
    ...MEDIA,
    microphone: { ...MEDIA.microphone, ...microphone },
    camera: { ...MEDIA.camera, ...camera },
  });
  const gone = { live: false, problem: "missing" } as const;
  const off = { wanted: false, live: false } as const;

  it.each([
    [media({}, {}), ""],
    [media({}, gone), "You join with sound only."],
    [media({}, off), "You join with sound only."],
    [media(gone, {}), "You join with picture only; you are seen and not heard."],
    [media(gone, gone), "You join to watch and write."],
    [media({ wanted: false }, {}), "You join with your microphone off."],
    [media(off, {}), "You join with your microphone off."],
    [media(off, off), "You join with both turned off."],
    [media(off, gone), "You join to watch and write, with your microphone off."],
    [media({ wanted: false }, off), "You join with both turned off."],
    [
      media({}, { live: false, asking: true }),
      "Your browser may be asking whether you allow the camera and the microphone.",
    ],
  ])("case %#: %s", (state, words) => {
    expect(joinWords(state)).toBe(words);
  });

  it.each([
    [media({}, {}), "with sound and picture."],
    [media({}, off), "with sound only."],
    [media(off, off), "with both turned off."],
  ])("says what moves along with a call from elsewhere, case %#", (state, words) => {
    expect(joinWords(state, true)).toBe(
      `You are in this call elsewhere; joining moves it here. You join ${words}`,
    );
  });

  it("says a cause that both share once", () => {
    const both = deviceTroubles(
      media({ live: false, problem: "denied" }, { live: false, problem: "denied" }),
    );
    expect(both.camera?.what).toContain("camera and microphone");
    expect(both.microphone).toBe(null);
    const two = deviceTroubles(media({ live: false, problem: "busy" }, gone));
    expect(two.camera?.what).toBe("No camera was found.");
    expect(two.microphone?.what).toContain("another program");
  });

  it.each([
    ["denied", "Camera not allowed"],
    ["missing", "No camera"],
    ["unplugged", "No camera"],
    ["insecure", "No camera"],
    ["busy", "Camera did not start"],
    ["failed", "Camera did not start"],
  ] as const)("in a few words: %s", (problem, words) => {
    expect(lackWords("camera", problem)).toBe(words);
  });

  it("is silent about what is not wanted or runs", () => {
    expect(deviceTroubles(media({}, { ...off, problem: "unplugged" }))).toEqual({
      camera: null,
      microphone: null,
    });
    expect(deviceTroubles(media({ problem: "busy" }, {})).microphone).toBe(null);
  });

  it("offers to try again wherever that can help", () => {
    const problems = ["denied", "missing", "busy", "unplugged", "failed", "insecure"] as const;
    const retries = problems.map(
      (problem) => deviceTroubles(media({}, { live: false, problem })).camera?.retry,
    );
    expect(retries).toEqual([true, true, true, true, true, false]);
  });
});

describe("the call in words", () => {
  const online = { link: { is: "online" }, hasNetwork: true } as const;
  const offline = { link: { is: "offline", retryAt: 0, trouble: null }, hasNetwork: false } as const;
  const serverAway = { ...offline, hasNetwork: true };
  const silent = { link: { is: "online", silent: true }, hasNetwork: true } as const;
  const renewing = { link: { is: "connecting" }, hasNetwork: true } as const;
  const peer = (more: Partial<RemotePeer>): CallState => ({
    ...CALL,
    peers: [
      {
        id: "p",
        person: ANA.id,
        audio: true,
        video: true,
        here: true,
        unproven: false,
        media: "connected",
        flows: true,
        frozen: false,
        stream: {} as MediaStream,
        ...more,
      },
    ],
  });

  const KEEP_TALKING =
    "Ithaca cannot be reached. You can keep talking. The time is still on record.";
  const LOST = "The connection to Ana is lost. Waiting for Ana to come back.";

  it.each([
    [{ ...CALL, phase: "joining" }, online, "Joining…"],
    [{ ...CALL, phase: "joining" }, offline, "Connecting to Ithaca, then joining…"],
    [CALL, online, "Waiting for Ana. You can keep this open."],
    [CALL, offline, "You are offline. Reconnecting…"],
    [CALL, serverAway, "Ithaca cannot be reached. Reconnecting…"],
    [
      { ...CALL, gone: { atUs: NOW, lost: false } },
      online,
      "Ana left at 14:13. You can wait here, or write.",
    ],
    [
      { ...CALL, gone: { atUs: NOW, lost: true } },
      online,
      "The connection to Ana was lost at 14:13. You can wait here, or write.",
    ],
    [peer({}), online, undefined],
    [peer({ audio: false }), online, "No sound from Ana."],
    [peer({}), serverAway, KEEP_TALKING],
    [peer({}), offline, KEEP_TALKING], // who is heard is not offline, whatever the browser says
    [peer({ unproven: true }), serverAway, "Ithaca cannot be reached. You can keep talking."],
    [CALL, silent, "Ithaca cannot be reached. Reconnecting…"],
    [{ ...CALL, phase: "joining" }, silent, "Connecting to Ithaca, then joining…"],
    [peer({}), silent, KEEP_TALKING],
    [peer({ unproven: true }), silent, "Ithaca cannot be reached. You can keep talking."],
    [peer({ audio: false }), silent, KEEP_TALKING],
    [peer({ here: false }), silent, KEEP_TALKING],
    [peer({ media: "interrupted" }), silent, "Ithaca cannot be reached. Reconnecting…"],
    [peer({}), renewing, "Reconnecting, you can keep talking. The time is still on record."],
    [peer({ media: "interrupted" }), renewing, "Reconnecting…"],
    [peer({ media: "interrupted" }), offline, "You are offline. Reconnecting…"],
    [peer({ media: "interrupted" }), serverAway, "Ithaca cannot be reached. Reconnecting…"],
    [peer({ media: "connecting" }), online, "Ana is here. Connecting sound and picture…"],
    [peer({ here: false }), online, "Ana is reconnecting, you can keep talking."],
    [peer({ here: false, flows: false }), online, "Ana is reconnecting…"],
    [peer({ flows: false }), offline, "You are offline. Reconnecting…"],
    [peer({ flows: false }), serverAway, "Ithaca cannot be reached. Reconnecting…"],
    [peer({ flows: false }), online, undefined],
    [peer({ frozen: true }), online, "The picture from Ana has stopped, waiting for it."],
    [peer({ frozen: true, video: false }), online, undefined],
    [peer({ media: "interrupted" }), online, "The connection to Ana is lost. Trying again…"],
    [peer({ media: "interrupted", here: false }), online, LOST],
    [peer({ media: "failed", here: false }), online, LOST],
    [
      peer({ media: "failed" }),
      online,
      "Sound and picture find no way between your networks. You can still write.",
    ],
  ] as [CallState, typeof online, string | undefined][])("case %#: %s", (call, state, words) => {
    expect(callWords(call, state, "Ana", "Europe/Vienna")?.text).toBe(words);
  });

  it("has one mark at the end of a sentence, also after a name that was cut", () => {
    const name = "Bartholomäus von und zu Hohenlohe";
    expect(callWords(CALL, online, name, "Europe/Vienna")?.text).toBe(
      "Waiting for Bartholomäus von und zu Hoh… You can keep this open.",
    );
    expect(callWords(peer({ audio: false }), online, name, "Europe/Vienna")?.text).toBe(
      "No sound from Bartholomäus von und zu Hoh…",
    );
  });

  it.each([
    [16 / 9, 16 / 9, "cover"],
    [16 / 9, 1280 / 800, "cover"],
    [16 / 9, 920 / 800, "contain"],
    [4 / 3, 920 / 800, "cover"],
    [4 / 3, 16 / 9, "contain"],
    [16 / 9, 360 / 780, "contain"],
    [9 / 16, 1280 / 800, "contain"],
    [9 / 16, 360 / 740, "cover"],
    [9 / 16, 360 / 780, "contain"],
  ])("a picture of %f on a stage of %f: %s", (picture, stage, fit) => {
    expect(fitOf(picture, stage)).toBe(fit);
  });
});

describe("addresses", () => {
  it.each([
    [paths.home, { page: "home" }],
    ["/open", { page: "open" }],
    [paths.new, { page: "new" }],
    [paths.prejoin("men_1"), { page: "prejoin", mentorship: "men_1" }],
    [paths.call("men_1"), { page: "call", mentorship: "men_1" }],
    [paths.summary("ses_1"), { page: "summary", session: "ses_1" }],
    ["/m", { page: "unknown" }],
    ["/m/men_1/call/more", { page: "unknown" }],
    ["/m/men_1/else", { page: "unknown" }],
    ["/s/ses_1/else", { page: "unknown" }],
    ["/open/more", { page: "unknown" }],
  ])("%s", (path, route) => {
    expect(parseRoute(path)).toEqual(route);
  });
});

it.each([
  ["Europe/Athens", "Europe/Lisbon", "Your device is in Lisbon; times here are for Athens. | Use Lisbon | Keep Athens"],
  ["Europe/Vienna", "Europe/Berlin", null], // the same clock
  ["Europe/Kyiv", "Europe/Kiev", null],
  ["Europe/Vienna", "", null],
])("whose times are by %s reads on a machine in %s: %s", (zone, here, words) => {
  const hint = zoneHint(zone, here, NOW);
  expect(hint && [hint.words, hint.use, hint.keep].join(" | ")).toBe(words);
});

describe("whether the other takes what one says", () => {
  const refused = { code: "not_accepted", what: "", advice: "" };
  const log = BASE.conversations[MENTORSHIP.conversation]!;
  const written = { id: "p", body: "Hi", writtenUs: 1, replyTo: null };
  const change = { id: "c", change: { is: "delete", seq: 1 }, writtenUs: 1 } as const;
  const said = (more: object) => ({ ...BASE, conversations: { [MENTORSHIP.conversation]: { ...log, ...more } } });

  it.each([
    ["nothing", BASE, false],
    ["a message", said({ pending: [{ ...written, refused }] }), true],
    ["a message that waits", said({ pending: [{ ...written, refused: null }] }), false],
    ["a message that is too long", said({ pending: [{ ...written, refused: { ...refused, code: "message_too_long" } }] }), false],
    ["a change", said({ changes: [{ ...change, refused }] }), true],
    ["a call", { ...BASE, call: { ...CALL, phase: "left" as const, trouble: refused } }, true],
    ["a call of others", { ...BASE, call: { ...CALL, mentorship: "other", trouble: refused } }, false],
  ])("by %s", (_, state, told) => {
    expect(wasNotTaken(state, MENTORSHIP)).toBe(told);
  });
});
