/** Accounts and statements to draw: made from who was there when, as the server would. */
import type {
  Bill,
  Proof,
  SessionAccount,
  SessionView,
  Settlement,
  Statement,
  StatementLine,
  Stretch,
  Terms,
} from "../../src/protocol/types.js";
import { ANA, LEYLA, LONG, ME, MIN, NOW, SESSION } from "./people.js";

export const S = 1_000_000;
const HEAD = "3fa91c2d77e0b1c45d0f9a8e6b3c2d1f3fa91c2d77e0b1c45d0f9a8e6b3c2d1f";

export const FREE: Required<Terms> = {
  currency: null,
  rate_minor: 0,
  counts: "contact",
  grace_us: 90 * S,
  early_us: 0,
  overrun_us: 0,
  cap_us: null,
  minimum_us: 0,
  unit_us: 60 * S,
  rounding: "down",
  late_counts: false,
  no_show_after_us: 600 * S,
  no_show_share: 0,
  no_show_notice_us: 86_400 * S,
  make_up: true,
  fee_share: 0,
  tax_share: 0,
};
export const PAID: Required<Terms> = {
  ...FREE,
  currency: "EUR",
  rate_minor: 6000,
  no_show_share: 500_000,
  fee_share: 100_000,
  tax_share: 200_000,
};

const side = (person: string, more: Partial<Bill["mentor"]> = {}): Bill["mentor"] => ({
  person,
  wait_us: 0,
  late_us: 0,
  no_show: "no",
  ...more,
});

export const bill = (more: Partial<Bill> = {}): Bill => ({
  terms: 0,
  window_from_us: null,
  window_to_us: null,
  counted_us: 0,
  bridged_us: 0,
  unknown_us: 0,
  impaired_us: 0,
  billed_us: 0,
  make_up_us: 0,
  owed: "time",
  currency: null,
  net_minor: 0,
  fee_minor: 0,
  tax_minor: 0,
  mentor: side(ME.id),
  mentee: side(ANA.id),
  ...more,
});

export const settlement = (of: Bill, more: Partial<Settlement> = {}): Settlement => ({
  state: "settled",
  revision: 1,
  facts: 12,
  head: HEAD,
  kid: "lek_00000000000000000000000001",
  signature: "s".repeat(86),
  bill: of,
  confirmed_by: [],
  contested_by: [],
  at_us: NOW - MIN,
  ...more,
});

const PRESENT: Record<Stretch["state"], readonly string[]> = {
  contact: [ME.id, ANA.id],
  impaired: [ME.id, ANA.id],
  unknown: [ME.id, ANA.id],
  alone: [ME.id],
  nobody: [],
};

/** `[state, seconds, who]` one after the other; `who` where one is alone: 0 the mentor, 1 the mentee. */
export type Plan = readonly (readonly [state: Stretch["state"], seconds: number, who?: 0 | 1])[];

export function stretchesOf(plan: Plan, from = NOW - 48 * MIN): Stretch[] {
  let at = from;
  return plan.map(([state, seconds, who]): Stretch => {
    const present = who === 1 ? [ANA.id] : [...PRESENT[state]];
    const stretch = { from_us: at, to_us: at + seconds * S, state, present };
    at = stretch.to_us;
    return stretch;
  });
}

/** An account of these stretches; what is billed is the caller's to say. */
export function account(plan: Plan, more: Partial<SessionAccount> = {}, from?: number): SessionAccount {
  const stretches = stretchesOf(plan, from);
  const sumOf = (state: Stretch["state"]): number =>
    stretches.filter((each) => each.state === state).reduce((sum, s) => sum + s.to_us - s.from_us, 0);
  const lane = (person: string): SessionAccount["lanes"][number] => {
    const spans: [number, number][] = [];
    for (const { from_us, to_us, present } of stretches) {
      if (!present.includes(person)) continue;
      const last = spans.at(-1);
      if (last?.[1] === from_us) last[1] = to_us;
      else spans.push([from_us, to_us]);
    }
    return { person, spans, inferred: [] };
  };
  const lanes = [lane(ME.id), lane(ANA.id)];
  const proofs = stretches
    .filter(({ state }) => state === "contact")
    .flatMap(({ from_us, to_us }): Proof[] => [
      { person: ME.id, signer: ANA.id, from_us, to_us, beats: 9 },
      { person: ANA.id, signer: ME.id, from_us, to_us, beats: 9 },
    ]);
  // All contact, and the gaps that the terms allow: there is no meeting unless it is said.
  const contact = stretches
    .filter(({ state }) => state === "contact")
    .map(({ from_us, to_us }): [number, number] => [from_us, to_us]);
  const gaps = contact.slice(1).map(([from], i): [number, number] => [contact[i]![1], from]);
  const bridged = gaps.filter(([from, to]) => from < to && to - from <= FREE.grace_us);
  const [contact_us, unknown_us, impaired_us] = [sumOf("contact"), sumOf("unknown"), sumOf("impaired")];
  const together_us = contact_us + unknown_us + impaired_us;
  const ended = stretches.at(-1)?.to_us ?? NOW - 2 * MIN;
  const counted = bill({ counted_us: contact_us, billed_us: contact_us - (contact_us % MIN), unknown_us, impaired_us });
  return {
    ...SESSION,
    created_us: stretches[0]?.from_us ?? NOW - 49 * MIN,
    started_us: together_us ? (stretches[0]?.from_us ?? null) : null,
    ended_us: ended,
    as_of_us: ended,
    together_us,
    together_most_us: together_us,
    concession_most_us: 60 * MIN,
    people: lanes.map(({ person, spans }) => {
      const present_us = spans.reduce((sum, [a, b]) => sum + b - a, 0);
      return { person, present_us, present_most_us: present_us, since_us: null };
    }),
    interruptions: [],
    contact_us,
    unknown_us,
    impaired_us,
    stretches,
    counted: contact,
    bridged,
    lanes,
    proofs,
    terms_version: 0,
    terms: FREE,
    booked: null,
    extended_us: null,
    settlement: settlement(counted),
    bill: counted,
    notes: [],
    ...more,
  };
}

// ---- the gallery's -------------------------------------------------------------------------------

const MEETING = "mee_00000000000000000000000001";
const booked = (start_us: number, minutes: number): SessionAccount["booked"] => ({
  meeting: MEETING,
  start_us,
  length_us: minutes * MIN,
  came: [],
  again: false,
  binding: true,
  waited_us: [0, 0],
  before_us: 0,
  billed_us: 0,
});

/** 47 min with all that can happen in them, for money. */
const RICH: Plan = [
  ["alone", 130],
  ["contact", 1081],
  ["alone", 28],
  ["contact", 640],
  ["unknown", 171],
  ["contact", 220],
  ["impaired", 145],
  ["contact", 310],
  ["nobody", 14],
  ["contact", 39],
  ["alone", 95, 1],
];

function priced(of: SessionAccount, more: Partial<Bill>, by: Partial<Settlement> = {}): SessionAccount {
  const priced = { ...of.bill, terms: 3, currency: "EUR", ...more };
  return { ...of, bill: priced, settlement: settlement(priced, by), terms: PAID, terms_version: 3 };
}

const start = NOW - 48 * MIN;
const rich = account(RICH, { booked: booked(start + 2 * MIN, 45), estimated: true });
const lastOf = rich.lanes[0]!.spans.at(-1)![1];
export const RICH_ACCOUNT: SessionAccount = priced(
  {
    ...rich,
    together_most_us: rich.together_us + 6 * S,
    lanes: [{ ...rich.lanes[0]!, inferred: [[lastOf, lastOf + 6 * S]] }, rich.lanes[1]!],
    people: rich.people.map((time) =>
      time.person === ME.id ? { ...time, present_most_us: time.present_us + 6 * S } : time,
    ),
    interruptions: [
      { from_us: rich.stretches[2]!.from_us, to_us: rich.stretches[2]!.to_us, absent: [ANA.id] },
      { from_us: rich.stretches[8]!.from_us, to_us: rich.stretches[8]!.to_us, absent: [ANA.id, ME.id] },
    ],
  },
  {
    counted_us: 2290 * S,
    bridged_us: 42 * S,
    unknown_us: 171 * S,
    impaired_us: 145 * S,
    billed_us: 38 * MIN,
    make_up_us: 145 * S,
    net_minor: 3800,
    fee_minor: 380,
    tax_minor: 760,
    mentor: side(ME.id, { wait_us: 158 * S }),
    mentee: side(ANA.id, { wait_us: 95 * S, late_us: 10 * S }),
  },
);

const REASON = "We talked until the hour, my page says 43 minutes.\nשלום, גם הדף שלי אומר כך.";
const contested = (by: string, more: Partial<SessionAccount> = {}): SessionAccount => ({
  ...RICH_ACCOUNT,
  settlement: { ...RICH_ACCOUNT.settlement!, state: "contested", contested_by: [by], said_us: NOW - S },
  notes: [{ digest: HEAD, person: by, text: REASON, at_us: NOW - MIN, about: "contested" }],
  ...more,
});

const GIVEN_IN: Bill = {
  ...RICH_ACCOUNT.bill,
  owed: "correction",
  billed_us: 43 * MIN,
  net_minor: 4300,
  fee_minor: 430,
  tax_minor: 860,
};

const missed = account([["alone", 1500]], { booked: booked(start, 60), started_us: null });
const flapping: Plan = Array.from({ length: 200 }, (_, i) =>
  i % 2 ? (["alone", 4 + (i % 7), (i % 3 ? 1 : 0) as 0 | 1] as const) : (["contact", 9 + (i % 11)] as const),
);
const brief = account([["alone", 4], ["contact", 31], ["alone", 3, 1]], {}, NOW - 60 * S);
const longer = account([["contact", 75 * 60]], { booked: booked(NOW - 80 * MIN, 60), extended_us: NOW - 25 * MIN }, NOW - 80 * MIN);
const running = account([["alone", 40], ["contact", 1260]], {}, NOW - 1300 * S);

/** By the name of the gallery's state. */
export const ACCOUNTS: Readonly<Record<string, SessionAccount>> = {
  "account-paid": RICH_ACCOUNT,
  "account-contested-by-other": contested(ANA.id),
  "account-contested-by-me": contested(ME.id),
  "account-contested-by-both": contested(ANA.id, {
    settlement: {
      ...contested(ANA.id).settlement!,
      contested_by: [ANA.id, ME.id],
    },
    notes: [...contested(ANA.id).notes, ...contested(ME.id).notes],
  }),
  "account-gave-in": contested(ME.id, {
    notes: [
      ...contested(ME.id).notes,
      { digest: HEAD, person: ANA.id, text: "You are right.", at_us: NOW, about: "corrected" },
    ],
    bill: GIVEN_IN,
    settlement: settlement(GIVEN_IN, {
      ...{ state: "contested", contested_by: [ME.id], revision: 2 },
      ...{ at_us: NOW, said_us: NOW },
    }),
  }),
  "account-confirmed": {
    ...RICH_ACCOUNT,
    settlement: {
      ...RICH_ACCOUNT.settlement!,
      state: "confirmed",
      confirmed_by: [ME.id, ANA.id],
    },
  },
  "account-no-show": priced(missed, {
    owed: "no_show",
    billed_us: 30 * MIN,
    net_minor: 3000,
    fee_minor: 300,
    tax_minor: 600,
    mentor: side(ME.id, { wait_us: 1500 * S }),
    mentee: side(ANA.id, { no_show: "yes" }),
  }),
  "account-nobody": {
    ...priced(account([], { booked: booked(start, 60), end_reason: "nobody" }), {
      owed: "nothing",
      mentor: side(ME.id, { no_show: "unknown" }),
      mentee: side(ANA.id, { no_show: "unknown" }),
    }),
    end_reason: "unwatched",
    unwatched: [[start - 60 * S, start + 20 * MIN]],
  },
  "account-flapping": account(flapping, {
    interruptions: Array.from({ length: 40 }, (_, i) => ({
      from_us: start + i * 20 * S,
      to_us: start + i * 20 * S + 5 * S,
      absent: [ANA.id],
    })),
  }),
  "account-day": account([
    ["contact", 3600 * 7],
    ["alone", 3600 * 9],
    ["contact", 3600 * 8],
  ], {}, NOW - 25 * 60 * MIN),
  "account-short": brief,
  "account-went-on": {
    ...priced(longer, { billed_us: 70 * MIN, counted_us: 70 * MIN, net_minor: 7000, tax_minor: 1400 }),
    terms: { ...PAID, overrun_us: 10 * MIN },
    counted: [[NOW - 80 * MIN, NOW - 10 * MIN]],
  },
  "account-running": {
    ...priced(running, { billed_us: 21 * MIN, net_minor: 2100, tax_minor: 420, counted_us: 1260 * S }),
    state: "open",
    ended_us: null,
    end_reason: null,
    as_of_us: NOW - 10 * S,
    settlement: null,
    together_us: 0,
    together_since_us: NOW - 1260 * S,
    people: running.people.map((time, i) => ({
      ...time,
      present_us: 0,
      since_us: NOW - (i ? 1260 : 1300) * S,
    })),
  },
};

/** What FakeApp says of any session that has no account of its own. */
export function accountOf(view: SessionView): SessionAccount {
  return { ...account([["contact", 1081], ["alone", 28], ["contact", 1620]]), ...view };
}

// ---- statements ----------------------------------------------------------------------------------

const OTHERS = [ANA, LEYLA, LONG];

export function line(n: number, more: Partial<StatementLine> = {}): StatementLine {
  const other = OTHERS[n % OTHERS.length]!;
  const yen = n % 5 === 3;
  const minutes = 30 + ((n * 7) % 40);
  const net_minor = minutes * (yen ? 150 : 100);
  return {
    session: SESSION.id,
    mentorship: SESSION.mentorship,
    mentor: ME,
    mentee: other,
    at_us: NOW - (23 * 24 * 60 - ((n * 311) % (23 * 24 * 60))) * MIN,
    revision: 1,
    state: n % 4 === 1 ? "confirmed" : "settled",
    head: HEAD,
    bill: bill({
      terms: 1 + (n % 3),
      billed_us: minutes * MIN,
      currency: yen ? "JPY" : "EUR",
      net_minor,
      tax_minor: net_minor / 5,
      fee_minor: net_minor / 10,
      owed: n % 9 === 8 ? "no_show" : "time",
    }),
    ...more,
  };
}

export function statement(lines: readonly StatementLine[], role: "mentor" | "mentee" = "mentor"): Statement {
  const counted = lines.filter(({ state }) => state !== "contested");
  const currencies = [...new Set(counted.map(({ bill }) => bill.currency))];
  return {
    person: ME,
    role,
    month: "2026-11",
    from_us: NOW - 24 * 24 * 60 * MIN,
    to_us: NOW + 6 * 24 * 60 * MIN,
    lines: [...lines].sort((a, b) => a.at_us - b.at_us),
    sums: currencies.map((currency) => {
      const bills = counted.filter(({ bill }) => bill.currency === currency).map(({ bill }) => bill);
      const add = (of: (bill: Bill) => number): number => bills.reduce((sum, each) => sum + of(each), 0);
      return {
        currency,
        lines: bills.length,
        billed_us: add((each) => each.billed_us),
        make_up_us: add((each) => each.make_up_us),
        net_minor: add((each) => each.net_minor),
        fee_minor: add((each) => each.fee_minor),
        tax_minor: add((each) => each.tax_minor),
      };
    }),
    held: lines.length - counted.length,
  };
}

/** Where the statement is not to be asked for with the usual lines. */
export const STATEMENTS: Readonly<Record<string, Statement>> = {
  statements: statement([
    ...Array.from({ length: 8 }, (_, n) => line(n)),
    line(8, { bill: bill({ billed_us: 40 * MIN }) }),
    line(9, { state: "contested" }),
  ]),
  "statements-empty": statement([]),
  "statements-thousand": statement(Array.from({ length: 1000 }, (_, n) => line(n))),
};
