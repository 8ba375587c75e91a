/** The life of the one socket: when to ask for a grant, dial, beat, give up and try again. Pure.
 *
 * Times are performance.now() milliseconds. What a handler does not set stays as it was; an event
 * that a phase has no handler for is stale news and changes nothing.
 */
import type { Link, Trouble } from "./model.js";
import { actOf, codeOfClose, triedAgain, troubleOf } from "./trouble.js";

export type Phase = "idle" | "granting" | "dialing" | "signing" | "online" | "waiting" | "stopped";

export interface Connection {
  readonly phase: Phase;
  /** Failures in a row: what the next wait is drawn from. */
  readonly failures: number;
  /** When this phase began; while online, when the server was last heard. */
  readonly heardAt: number;
  /** Since a try failed, until one is signed in again; else 0. */
  readonly retryAt: number;
  /** The browser saw its network go: whoever is not heard by then is gone. */
  readonly answerBy: number | null;
  /** A beat waits for its answer for longer than one does. */
  readonly silent: boolean;
  /** The next grant must be a fresh one. */
  readonly renew: boolean;
  readonly trouble: Trouble | null;
}

export type Event =
  | { readonly is: "start" }
  | { readonly is: "granted" }
  | { readonly is: "not_granted"; readonly trouble: Trouble }
  | { readonly is: "opened" } // the socket
  | { readonly is: "signed_in" }
  | { readonly is: "heard" } // a beat was acknowledged
  | { readonly is: "closed"; readonly code: number }
  | { readonly is: "tick" } // every 2 s, and when a wait is over
  | { readonly is: "unanswered" } // a beat, for SILENT_AFTER_MS
  | { readonly is: "no_network" } // as the browser says; what is on this machine answers all the same
  | { readonly is: "nudge" } // the network or the person came back
  | { readonly is: "stop" };

export type Effect = "grant" | "dial" | "sign" | "beat" | "hang_up" | "wait" | "check";

export type Step = readonly [connection: Connection, effects: readonly Effect[]];

type Handler<E extends Event> = (
  connection: Connection,
  event: E,
  now: number,
  random: number,
) => Step;
type Row = { readonly [Is in Event["is"]]?: Handler<Extract<Event, { is: Is }>> };

/** After this long without beat.ack a socket that looks open is dead. */
export const DEAF_AFTER_MS = 5_000;
/** A beat without its answer for this long is worth saying so. */
export const SILENT_AFTER_MS = 1_500;
/** How long the answer may take where the browser says that there is no network. */
export const NO_NETWORK_AFTER_MS = 300;
/** How long the server may take to accept a socket, and to answer auth.open. */
export const DIAL_FOR_MS = 10_000;
export const RETRY_MIN_MS = 300;
export const RETRY_MAX_MS = 10_000;

export const IDLE: Connection = {
  phase: "idle",
  failures: 0,
  heardAt: 0,
  retryAt: 0,
  answerBy: null,
  silent: false,
  renew: false,
  trouble: null,
};

/** One event; `random` is in [0, 1). */
export function step(
  connection: Connection,
  event: Event,
  now: number,
  random: number,
): Step {
  const handler = TABLE[connection.phase][event.is] as Handler<Event> | undefined;
  return handler ? handler(connection, event, now, random) : [connection, []];
}

/** While it is tried again one is as far away as before. */
export function linkOf({ phase, retryAt, silent, trouble }: Connection): Link {
  if (phase === "online") return silent ? { is: "online", silent } : { is: "online" };
  if (phase === "stopped" && trouble) return { is: "stopped", trouble };
  if (retryAt > 0) return { is: "offline", retryAt, trouble };
  return { is: "connecting" };
}

const begin: Handler<Event> = (connection) => [{ ...connection, phase: "granting" }, ["grant"]];

const start: Handler<Event> = () => [{ ...IDLE, phase: "granting" }, ["grant"]];

const stop: Handler<Event> = () => [IDLE, ["hang_up"]];

const dial: Handler<Event> = (connection, _event, now) => [
  { ...connection, phase: "dialing", heardAt: now, renew: false },
  ["dial"],
];

const sign: Handler<Event> = (connection, _event, now) => [
  { ...connection, phase: "signing", heardAt: now },
  ["sign"],
];

const online: Handler<Event> = (connection, _event, now) => [
  { ...connection, phase: "online", heardAt: now, retryAt: 0, trouble: null },
  ["beat"],
];

const heard: Handler<Event> = (connection, _event, now) => [
  { ...connection, heardAt: now, failures: 0, answerBy: null, silent: false },
  [],
];

const unanswered: Handler<Event> = (connection) => [{ ...connection, silent: true }, []];

const noNetwork: Handler<Event> = (connection, _event, now) => [
  { ...connection, answerBy: now + NO_NETWORK_AFTER_MS },
  ["beat", "check"],
];

/** Full jitter: anywhere between the minimum and a bound that doubles with each failure. */
export function retryDelay(failures: number, random: number): number {
  const bound = Math.min(RETRY_MAX_MS, RETRY_MIN_MS * 2 ** Math.min(failures, 10));
  return RETRY_MIN_MS + random * (bound - RETRY_MIN_MS);
}

function wait(connection: Connection, trouble: Trouble | null, now: number, random: number): Step {
  const failures = connection.failures + 1;
  const retryAt = now + retryDelay(failures, random);
  const why = trouble && triedAgain(trouble);
  const gone = { answerBy: null, silent: false };
  return [{ ...connection, ...gone, phase: "waiting", failures, retryAt, trouble: why }, ["wait"]];
}

const notGranted: Handler<Extract<Event, { is: "not_granted" }>> = (
  connection,
  { trouble },
  now,
  random,
) =>
  actOf(trouble.code) === "stop"
    ? [{ ...connection, phase: "stopped", trouble }, []]
    : wait(connection, trouble, now, random);

/** 4100-4199: renew and connect again; 4200-4299: stop; all others: connect again. */
const closed: Handler<Extract<Event, { is: "closed" }>> = (connection, { code }, now, random) => {
  const name = codeOfClose(code);
  const trouble = name === null ? null : troubleOf(name);
  if (code >= 4200 && code <= 4299) {
    const why = trouble ?? troubleOf("internal", `The server closed this page (${code}).`);
    return [{ ...connection, phase: "stopped", answerBy: null, silent: false, trouble: why }, []];
  }
  const renew = code >= 4100 && code <= 4199;
  if (renew && connection.failures === 0) {
    const again = { ...connection, answerBy: null, silent: false, failures: 1, renew };
    return [{ ...again, phase: "granting" }, ["grant"]];
  }
  return wait({ ...connection, renew }, trouble, now, random);
};

function silentFor(limit: number, otherwise: readonly Effect[]): Handler<Event> {
  return (connection, _event, now, random) => {
    const { heardAt, answerBy } = connection;
    if (now - heardAt <= limit && now < (answerBy ?? Infinity)) return [connection, otherwise];
    const [next, effects] = wait(connection, null, now, random);
    return [next, ["hang_up", ...effects]];
  };
}

/** A network that is back within the wink of an eye was not away. */
const back: Handler<Event> = (connection, event, now, random) =>
  silentFor(DEAF_AFTER_MS, ["beat"])({ ...connection, answerBy: null }, event, now, random);

const due: Handler<Event> = (connection, event, now, random) =>
  now >= connection.retryAt ? begin(connection, event, now, random) : [connection, []];

const TABLE: Readonly<Record<Phase, Row>> = {
  idle: { start },
  granting: { granted: dial, not_granted: notGranted, stop },
  dialing: { opened: sign, closed, tick: silentFor(DIAL_FOR_MS, []), stop },
  signing: { signed_in: online, closed, tick: silentFor(DIAL_FOR_MS, []), stop },
  online: {
    heard,
    closed,
    unanswered,
    no_network: noNetwork,
    tick: silentFor(DEAF_AFTER_MS, ["beat"]),
    nudge: back,
    stop,
  },
  waiting: { tick: due, nudge: begin, stop },
  stopped: { start, stop },
};
