/** Refusals in words: what happened, and what to do. */
import { ERRORS, type Act, type ErrorCode, type Problem } from "../protocol/types.js";
import { Refused, type Trouble } from "./model.js";

/** What a person can do, by what a client does about it. */
const ADVICE: Record<Act, string> = {
  fix: "Change it and try again.",
  retry: "Wait a moment and try again.",
  reconnect: "There is nothing you need to do: it connects again by itself.",
  renew: "There is nothing you need to do: it signs in again by itself.",
  stop: "Open your link again, or ask for a new one.",
};

/** Better words where the general ones would leave a person puzzled. */
const WORDS: Partial<Record<ErrorCode, readonly [what: string, advice: string]>> = {
  message_empty: ["There is nothing to send yet.", "Write at least one visible character."],
  message_too_long: [
    "This message is longer than 16 KiB, about 16,000 plain letters.",
    "Shorten it, or send it in parts.",
  ],
  message_gone: ["That message was deleted.", "There is nothing left to do with it."],
  not_yours: ["That message is not yours.", "Only who wrote it can change or delete it."],
  too_many_edits: ["This message was changed so often that it stays as it is.", "Write a new one."],
  too_many_pins: ["There are 50 pins already, and that is as many as there can be.", "Take a pin off first."],
  mentorship_closed: ["One of you has left this mentorship.", "What was said stays; nothing new begins here."],
  blocking: ["You have blocked the other.", "Lift that first: the button for it stands below the conversation."],
  not_accepted: [
    "The other does not take messages or calls from you at the moment.",
    "Leave it at that for now; it may change.",
  ],
  conflict: ["This was sent before with other words.", "Copy the text and send it as a new message."],
  not_found: ["This does not exist, or it is not yours.", "Check the link, or go back to the start."],
  proposal_closed: [
    "This proposal is not open any more: it was answered or withdrawn, or a later one took its place.",
    "Look at what is proposed now.",
  ],
  meeting_closed: ["The meeting has begun, you two have met for it, or it was cancelled.", "Plan another one."],
  meeting_overlaps: ["You two have another meeting at that time.", "Choose another time, or move that one."],
  revoked: [
    "This link has ended.",
    "Most likely a newer one took its place, made by you, by somebody who had this one, or by whoever " +
      "runs this server. Open your newest link; if you have none, ask whoever runs this server.",
  ],
  invitation_invalid: [
    "This link is not known here.",
    "It may not have been copied whole: compare its end with the link that you were given, or open that " +
      "one again. If it still is not known, ask whoever gave it to you.",
  ],
  invitation_expired: ["This link has run out.", "Ask whoever gave it to you for a new one."],
  replaced: ["Ithaca was opened again with this same tab's identity.", "Go on there, or reload this page."],
  bad_frame: ["This page and the server do not understand each other.", "Reload the page."],
  wrong_order: ["This page and the server do not understand each other.", "Reload the page."],
  rate_limited: ["That was too much at once.", "Wait a moment and try again."],
  storage_full: [
    "The server's disk is full, so nothing was stored.",
    "What you wrote is kept here. Tell whoever runs this server.",
  ],
  unavailable: ["The server cannot reach its database.", "Wait a moment and try again."],
  internal: ["Something broke on the server; it has been logged.", "Wait a moment and try again."],
  forbidden: ["Your link does not allow that.", "Ask whoever gave it to you."],
  not_settled: [
    "The session has not been closed yet, so what it comes to may change.",
    "Try again once it is closed.",
  ],
  stale_revision: [
    "What the session comes to has changed meanwhile; it is shown as it is now.",
    "Look at it again, then decide.",
  ],
  contested: [
    "This has been contested meanwhile, so it cannot be confirmed.",
    "Read why, then give in or write to the other.",
  ],
  already_confirmed: [
    "You both have confirmed this, so it cannot be contested any more.",
    "Whoever runs this server can still correct it.",
  ],
  not_a_concession: [
    "You can only give in: the mentor to less, the mentee to more.",
    "Otherwise contest it, and say why.",
  ],
  said_enough: [
    "You have contested and corrected this 50 times; that is as often as one can.",
    "Whoever runs this server can correct it.",
  ],
  bad_sdp: ["The server refused this browser's call description.", "Reload the page and join again."],
};

/** Troubles that never reached the server. */
const LOCAL = {
  unreachable: ["The server cannot be reached.", "Check your connection, then try again."],
  signed_out: ["This tab does not know who you are.", "Open your link again."],
} as const;

export type LocalCode = keyof typeof LOCAL;

export function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(ERRORS, code);
}

/** The words for a code; `said` is what the server said, for a code unknown to this page. */
export function troubleOf(code: string, said?: string): Trouble {
  if (Object.hasOwn(LOCAL, code)) {
    const [what, advice] = LOCAL[code as LocalCode];
    return { code, what, advice };
  }
  if (!isErrorCode(code)) {
    return { code, what: said ?? `The server refused this (${code}).`, advice: ADVICE.retry };
  }
  const { act, meaning } = ERRORS[code];
  const own = WORDS[code];
  if (own) return { code, what: own[0], advice: own[1] };
  // A meaning's second sentence, where it has one, is advice.
  const [, what = meaning, advice = ""] = /^(.*?\.)(?:\s+(.*))?$/.exec(meaning) ?? [];
  return { code, what, advice: advice || ADVICE[act] };
}

/** What to do about a code; one that this page does not know is tried again. */
export function actOf(code: string): Act {
  if (code === "signed_out") return "stop";
  return isErrorCode(code) ? ERRORS[code].act : "retry";
}

/** Of what was refused for good as it was: whether what stood in the way can be gone, so that the same may
 * be taken later. */
export const mayPass = (code: string): boolean => PASSING.has(code);
const PASSING: ReadonlySet<string> = new Set(["not_accepted", "blocking", "too_many_pins"]);

/** The error that a close code stands for, or null for one of the WebSocket protocol's own. */
export function codeOfClose(close: number): ErrorCode | null {
  for (const [code, error] of Object.entries(ERRORS)) {
    if (error.close === close) return code as ErrorCode;
  }
  return null;
}

export function refused(code: string): Refused {
  return new Refused(troubleOf(code));
}

/** From a problem+json body: the server's own sentence where it names a field. */
export function refusedBy(problem: Problem): Refused {
  const trouble = troubleOf(problem.code, problem.detail);
  const what = problem.field ? problem.detail : trouble.what;
  return new Refused({ ...trouble, what }, problem.field ?? null, problem.retry_after_us ?? 0);
}

/** Of what the page tries again without being asked to. */
const BY_ITSELF: Readonly<Record<string, string>> = {
  unreachable: "Check your connection; it is tried again by itself.",
  unavailable: "It is tried again by itself.",
};

export function triedAgain(trouble: Trouble): Trouble {
  return { ...trouble, advice: BY_ITSELF[trouble.code] ?? trouble.advice };
}

/** Of what one's own press asked for: nothing sends it later, and whether it arrived nobody knows. */
export function pressed(error: unknown): unknown {
  if (!(error instanceof Refused) || error.trouble.code !== "unreachable") return error;
  const advice = "As far as this page knows, nothing was changed: press again once you are connected.";
  return new Refused({ ...error.trouble, advice });
}

/** Of the press for a new link: it cannot be asked for twice, as what asks ends with the old one. */
export function pressedForLink(error: unknown): unknown {
  if (!(error instanceof Refused) || error.trouble.code !== "unreachable") return error;
  const advice =
    "Whether your link was replaced is not known. If this page connects again, it was not: press " +
    "again. If it says that your link has ended, ask whoever runs this server for a new one.";
  return new Refused({ ...error.trouble, advice });
}

export function inWords(error: unknown): Trouble {
  return error instanceof Refused ? error.trouble : troubleOf("internal");
}
