/** What leaving, blocking and reporting mean, in calm words: minors are mentored too. Pure. */
import type { AppState, Trouble } from "../../lib/model.js";
import type { MentorshipView, NewReport, PersonView } from "../../protocol/types.js";
import { nameIn, type Pair } from "./people.js";
import { named, shortWhen, timeIn } from "./time.js";

export const REASONS: Readonly<Record<NewReport["reason"], string>> = {
  harassment: "They are unkind, or do not stop",
  sexual: "Something sexual",
  threat: "They threaten me or someone else",
  self_harm: "I am worried that they hurt themselves",
  money: "Money, or a trick",
  impersonation: "They are not who they say",
  other: "Something else",
};

export const leaveWords = (other: PersonView): string =>
  `A call that runs ends, meetings to come are cancelled, and nothing new begins. What was said and the ` +
  `accounts of your sessions stay for both of you to read, and can be settled. ${named(other.name)} sees ` +
  `that you left. It cannot be undone.`;

export const blockWords = (other: PersonView): string => {
  const name = named(other.name);
  return (
    `${name} cannot write to you, call you, or see whether you are here, and is told no more than that. ` +
    `You cannot write to or call ${name} either until you lift it, which you can at any time. A call that ` +
    `runs ends; meetings to come stay planned until you cancel them.`
  );
};

export const reportWords = (other: PersonView): string =>
  `It goes to whoever runs this server. ${named(other.name)} is not told of it. If you or somebody else is ` +
  `in danger now, call the emergency number where you are, or tell somebody near you whom you trust.`;

/** Whether one may write to the other, call and plan with them, as far as this page is told. */
export const reaches = (view: MentorshipView): boolean => view.closed_us == null && !view.blocked_by_me;

/** Whether something was not taken lately, written, changed or a call: then the page does not say that one
 * can write. */
export const wasNotTaken = ({ conversations, call }: AppState, { id, conversation }: MentorshipView): boolean => {
  const { pending = [], changes = [] } = conversations[conversation] ?? {};
  const called = call?.mentorship === id ? call.trouble : null;
  return [called, ...[...pending, ...changes].map(({ refused }) => refused)].some((each) => each?.code === "not_accepted");
};

/** Why something did not reach the other, by their name. `open`: it may be tried again. */
export function refusalWords(trouble: Trouble, other: PersonView, open: boolean): string {
  const name = named(other.name);
  if (trouble.code === "not_accepted") {
    return `${name} does not take messages or calls from you at the moment. Leave it at that for now; it may change.`;
  }
  if (trouble.code !== "blocking") return `${trouble.what} ${trouble.advice}`;
  return open ? `You had blocked ${name} then.` : `You have blocked ${name}. Lift that first.`;
}

/** Why nobody writes or calls here now; null: one can. */
export function closedWords(view: MentorshipView, pair: Pair, nowUs: number): string | null {
  if (view.closed_us != null) {
    const when = shortWhen(pair.me.zone, view.closed_us, nowUs);
    const day = when === timeIn(pair.me.zone, view.closed_us) ? `today at ${when}` : when.replace("Yesterday", "yesterday");
    const who = view.closed_by == null ? "One of you" : nameIn(pair, view.closed_by);
    return `${who} left this mentorship ${/^\d+ /.test(day) ? `on ${day}` : day}. What was said stays for both of you to read.`;
  }
  if (!view.blocked_by_me) return null;
  return `You have blocked ${named(pair.other.name)}: neither of you reaches the other until you lift that.`;
}

/** Whether others see when one was last here: how that stands, what it means, the other way. */
export const seenSetting = (hidden: boolean) =>
  hidden
    ? {
        stands: "It is hidden.",
        means:
          "Nobody is told when you were last here, and you are not told when others were. Whether you are " +
          "here at the moment shows all the same.",
        turn: "Show it again",
        turning: "Showing it…",
      }
    : {
        stands: "It is shown.",
        means:
          "While you are away, whoever you have a mentorship with sees when you were last here. If you hide " +
          "it, you do not see when others were here either. Whether you are here at the moment always shows.",
        turn: "Hide it",
        turning: "Hiding it…",
      };
