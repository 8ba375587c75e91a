/** Canned states of a conversation, with all that messages can be. */
import type { AppState, Conversation, MediaState } from "../../src/lib/model.js";
import type { Member, Message } from "../../src/protocol/types.js";
import { ANA, BASE, ME, MENTORSHIP, MIN, NOW, message, talk } from "./fake-app.js";

const LOG = BASE.conversations[MENTORSHIP.conversation]!;
/** All that messages can be, in a few of them. */
const SAID: Message[] = [
  ...talk(10, 30),
  message(31, ME.id, "**Before Friday**, please:\n\n1. read *chapter two*\n2. run `make check`\n\n> Say the first sentence aloud.\n\n```\nthree times\n    until it is yours\n```", NOW - 90 * MIN),
  { ...message(32, ANA.id, "I did, see [my notes](https://notes.example/ana) and https://example.org/talk.", NOW - 80 * MIN), reply_to: 31, reactions: [{ emoji: "👍", persons: [ME.id] }, { emoji: "🎉", persons: [ANA.id, ME.id] }] },
  { ...message(33, ANA.id, "", NOW - 79 * MIN), deleted_us: NOW - 70 * MIN },
  { ...message(34, ME.id, "Then we take the second version, the one with the three questions at the end.", NOW - 60 * MIN), edited_us: NOW - 55 * MIN, pinned_us: NOW - 50 * MIN, pinned_by: ANA.id, reply_to: 3, reactions: [{ emoji: "❤️", persons: [ANA.id] }] },
  { ...message(35, ANA.id, "تمام، نلتقي يوم الجمعة", NOW - 58 * MIN), reply_to: 34 },
  message(36, ME.id, "Good.", NOW - 30 * MIN),
  message(37, ME.id, "I will bring the printed pages.", NOW - 29 * MIN),
];
const NOT_YOURS = { code: "message_gone", what: "That message was deleted.", advice: "There is nothing left to change." };

export function talkStates(
  room: string,
  media: MediaState,
  offline: AppState["link"],
): Record<string, [string, AppState]> {
  const talking = (more: Partial<AppState> = {}, of: Partial<Conversation> = {}, view: Partial<typeof MENTORSHIP> = {}): [string, AppState] => [
    room,
    {
      ...BASE,
      media,
      mentorships: [
        {
          ...MENTORSHIP,
          ...{ head: 37, read: 37, unread: 0, pinned: [34], last: SAID.at(-1)! },
          marks: [{ person: ANA.id, delivered: 37, read: 36 }, { person: ME.id, delivered: 37, read: 37 }],
          ...view,
        },
      ],
      conversations: { [MENTORSHIP.conversation]: { ...LOG, head: 37, messages: SAID, ...of } },
      ...more,
    },
  ];
  return {
    "talk-all": talking({ typing: { [MENTORSHIP.conversation]: ANA.id } }),
    "talk-changes": talking(
      { link: offline, hasNetwork: false },
      {
        changes: [
          { id: "c1", change: { is: "edit", seq: 37, body: "I will bring *both* printed versions." }, writtenUs: NOW, refused: null },
          { id: "c2", change: { is: "react", seq: 35, emoji: "👍", on: true }, writtenUs: NOW, refused: null },
          { id: "c3", change: { is: "edit", seq: 36, body: "Very good." }, writtenUs: NOW, refused: NOT_YOURS },
        ],
        pending: [{ id: "p1", body: "And the pens.", writtenUs: NOW, replyTo: 35, refused: null }],
      },
    ),
    "talk-unread": talking({}, {}, { read: 20, unread: 9 }),
    "talk-absence": talking({}, { messages: talk(50, 3000), head: 3000 }, { head: 3000, read: 1500, unread: 1000, pinned: [] }),
    "talk-away": talking({}, {}, {
      members: [MENTORSHIP.members[0]!, { person: ANA, role: "mentee", presence: "away", seen_us: NOW - 20 * MIN } as Member],
    }),
    "talk-closed": talking({}, {}, { closed_us: NOW - 30 * 60 * MIN, closed_by: ANA.id }),
    "talk-blocked": talking({}, {}, { blocked_by_me: true }),
    "talk-aside": talking({}, { aside: talk(60, 60, 3000), messages: talk(50, 3000), head: 3000 }, { head: 3000, read: 3000, pinned: [] }),
    "talk-100000": talking({}, { messages: talk(100_000), head: 100_000 }, { head: 100_000, read: 100_000, pinned: [] }),
  };
}
