/** One row of the log as templates. A message looks the same while it waits and once it is in the log. */
import { Clock, Ellipsis, Pin } from "lucide";
import { css, html, nothing, type TemplateResult } from "lit";

import type { PendingChange, PendingMessage } from "../../lib/model.js";
import { mayPass } from "../../lib/trouble.js";
import type { Message } from "../../protocol/types.js";
import { paths } from "../route.js";
import { goneWords, quoteWords, reactionWords, refusedWords, waitingWords, type Reach } from "../words/chat.js";
import type { Mark } from "../words/marks.js";
import { nameIn, type Pair } from "../words/people.js";
import { refusalWords } from "../words/safety.js";
import { exact, timeIn } from "../words/time.js";
import { emojiOrWord, inWords } from "./emoji.js";
import { direction } from "./markdown.js";
import { prose } from "./prose.js";

/** What a message needs to know besides itself, and what one does with it. */
export interface Context {
  readonly pair: Pair;
  readonly zone: string;
  /** The row that the keyboard is at. */
  readonly active: string | null;
  readonly shown: string | null; // was jumped to
  readonly words: string; // that it was found by
  at(seq: number): Message | undefined;
  reach(seq: number): Reach | undefined;
  waits(message: Message): readonly PendingChange[];
  act(key: string): void;
  jump(seq: number): void;
  react: ((message: Message, emoji: string, on: boolean) => void) | null; // null: one cannot any more
  versions(message: Message): void;
  /** What was refused is taken back for changing; null: where one writes nothing any more. */
  again: ((refused: PendingMessage | PendingChange) => void) | null;
  readonly resend: ((id: string) => void) | null; // null: one does not reach the other
  discard(id: string): void;
}

interface Drawn {
  readonly key: string;
  readonly first: boolean;
  readonly person: string;
  readonly atUs: number;
  readonly body: string;
  readonly replyTo: number | null;
  readonly message: Message | null;
  readonly pending: PendingMessage | null;
}

export const messageRow = (key: string, message: Message, first: boolean, on: Context): TemplateResult =>
  row(
    {
      ...{ key, first, message, pending: null, person: message.person, atUs: message.at_us },
      ...{ body: message.body, replyTo: message.reply_to ?? null },
    },
    on,
  );

export const pendingRow = (key: string, pending: PendingMessage, first: boolean, on: Context): TemplateResult =>
  row(
    {
      ...{ key, first, message: null, pending, person: on.pair.me.id, atUs: pending.writtenUs },
      ...{ body: pending.body, replyTo: pending.replyTo },
    },
    on,
  );

function row(drawn: Drawn, on: Context): TemplateResult {
  const { key, first, person, atUs, message, pending } = drawn;
  const own = person === on.pair.me.id;
  const gone = message?.deleted_us != null;
  const when = exact(on.zone, atUs);
  const time = timeIn(on.zone, atUs);
  const name = nameIn(on.pair, person);
  const active = on.active === key;
  return html`
    <div
      class="entry ${own ? "own" : ""} ${first ? "first" : ""} ${pending ? "waiting" : ""} ${on.shown === key ? "shown" : ""}"
      role="article"
      tabindex="-1"
      data-key=${key}
      aria-label="${name}, ${first ? when : time}"
    >
      ${
        first
          ? html`<p class="small soft head" aria-hidden="true">
            <bdi>${own ? "You" : on.pair.other.name}</bdi> <span class="number">${time}</span>
          </p>`
          : nothing
      }
      <div class="line-of">
        <div class="bubble ${gone ? "gone" : ""}" dir="auto" title=${when}>${gone ? nothing : quote(drawn, on)}${
          gone ? html`<p class="soft">${goneWords(person, on.pair)}</p>` : prose(drawn.body, on.shown === key ? on.words : "")
        }</div>
        ${
          message && !gone
            ? html`<button
              class="more plain"
              tabindex=${active ? 0 : -1}
              aria-haspopup="dialog"
              aria-label="Answer, react and more"
              @click=${() => on.act(key)}
            >
              <ith-icon .of=${Ellipsis}></ith-icon>
            </button>`
            : nothing
        }
      </div>
      ${message ? below(message, active, on) : nothing}
      ${message ? status(message, own, on) : waiting(pending!, on)}
    </div>
  `;
}

function quote({ replyTo }: Drawn, on: Context): unknown {
  if (replyTo === null) return nothing;
  const quoted = on.at(replyTo);
  const words = quoteWords(quoted);
  return html`<button class="quote small" dir=${direction(words) ?? nothing} @click=${() => on.jump(replyTo)}>
    <span class="hidden">In answer to </span>${
      quoted ? html`<bdi class="soft">${nameIn(on.pair, quoted.person)}</bdi>` : nothing
    }<span class="two" dir="auto">${words}</span>
  </button>`;
}

/** What the two did with it: reactions, its pin, that it read otherwise before. */
function below(message: Message, active: boolean, on: Context): unknown {
  const { reactions = [], pinned_us, edited_us } = message;
  if (!reactions.length && pinned_us == null && edited_us == null) return nothing;
  const me = on.pair.me.id;
  return html`
    <div class="with">
      ${reactions.map((reaction) => {
        const { emoji, persons } = reaction;
        const mine = persons.includes(me);
        return html`<button
          class="chip"
          tabindex=${active ? 0 : -1}
          aria-pressed=${mine}
          ?disabled=${!on.react}
          aria-label=${reactionWords(reaction, on.pair)}
          title=${reactionWords(reaction, on.pair)}
          @click=${() => on.react?.(message, emoji, !mine)}
        >
          <span class=${inWords() ? "small" : ""}>${emojiOrWord(emoji)}</span> ${persons.length > 1 ? html`<span class="number small">${persons.length}</span>` : nothing}
        </button>`;
      })}
      ${
        pinned_us == null
          ? nothing
          : html`<span class="small soft mark"><ith-icon .of=${Pin}></ith-icon>Pinned</span>`
      }
      ${
        edited_us == null || message.deleted_us != null
          ? nothing
          : html`<button class="edited small" tabindex=${active ? 0 : -1} @click=${() => on.versions(message)}>
            Edited
          </button>`
      }
    </div>
  `;
}

function status(message: Message, own: boolean, on: Context): unknown {
  const changes = on.waits(message);
  const refused = changes.filter(({ refused }) => refused);
  const waits = changes.findLast(({ refused }) => !refused);
  const reach = own ? on.reach(message.seq) : undefined;
  return html`${
    waits
      ? html`<p class="small soft mark late"><ith-icon .of=${Clock}></ith-icon>${waitingWords(waits)}</p>`
      : reach
        ? html`<p class="small soft mark">${reach}</p>`
        : nothing
  }
  ${refused.map(
    (change) => html`
      <p class="small error">${refusedWords(change, on.pair.other, on.resend !== null)}</p>
      <div class="row">
        ${resend(change, on)}
        ${
          on.again && change.change.is === "edit"
            ? html`<button class="plain" @click=${() => on.again?.(change)}>Edit</button>`
            : nothing
        }
        <button class="plain" @click=${() => on.discard(change.id)}>Discard</button>
      </div>
    `,
  )}`;
}

function waiting(pending: PendingMessage, on: Context): unknown {
  const { refused } = pending;
  if (!refused) {
    return html`<p class="small soft mark late"><ith-icon .of=${Clock}></ith-icon>Waiting to be sent</p>`;
  }
  return html`
    <p class="small error">Not sent. ${refusalWords(refused, on.pair.other, on.resend !== null)}</p>
    <div class="row">
      ${resend(pending, on)}
      ${on.again ? html`<button class="plain" @click=${() => on.again?.(pending)}>Edit</button>` : nothing}
      <button class="plain" @click=${() => on.discard(pending.id)}>Discard</button>
    </div>
  `;
}

/** Where what stood in the way can be gone. */
function resend({ id, refused }: PendingMessage | PendingChange, on: Context): unknown {
  if (!on.resend || !refused || !mayPass(refused.code)) return nothing;
  return html`<button class="plain" @click=${() => on.resend?.(id)}>Send again</button>`;
}

/** What is told of a session, or of what was arranged. */
export const markLine = ({ words, exact, session }: Mark, leads: boolean): TemplateResult =>
  leads && session !== undefined
    ? html`<a class="line" href=${paths.summary(session)} title=${exact ?? nothing}><span>${words}</span></a>`
    : html`<p class="line" title=${exact ?? nothing}><span>${words}</span></p>`;

export const messageStyles = css`
  .entry {
    display: flex;
    flex-direction: column;
    align-items: flex-start;
    padding-block-start: 4px;
    scroll-margin: 48px;
  }
  .entry.first {
    padding-block-start: 12px;
  }
  .own {
    align-items: flex-end;
  }
  .head {
    display: flex;
    gap: 0.4em;
    max-width: 100%;
    margin-bottom: 2px;
  }
  .head bdi {
    overflow: hidden;
    text-overflow: ellipsis;
    white-space: nowrap;
  }
  .head .number {
    flex: none;
  }
  .line-of {
    display: flex;
    align-items: center;
    width: 100%;
  }
  .own > .error {
    text-align: end;
  }
  .own .line-of {
    flex-direction: row-reverse;
  }
  .bubble {
    min-width: 0;
    max-width: min(calc(100% - 44px), 34rem);
    padding: 8px 12px;
    border: 1px solid var(--line);
    border-radius: var(--radius);
    background: var(--surface);
  }
  .own .bubble {
    border-color: transparent;
    background: var(--sea-soft);
  }
  .bubble.gone {
    border: 1px dashed var(--line);
    background: none;
  }
  .shown .bubble {
    border-color: var(--sea);
  }
  .waiting .bubble {
    border: 1px dashed var(--edge);
    background: none;
    animation: settle 0s linear 400ms both; /* a message that goes at once does not flicker */
  }
  @keyframes settle {
    from {
      border: 1px solid transparent;
      background: var(--sea-soft);
    }
  }
  .more {
    flex: none;
    padding: 0;
    margin-block: -2px;
    color: var(--ink-soft);
  }
  @media (hover: hover) {
    .more {
      opacity: 0;
    }
    .entry:hover .more,
    .entry:focus-within .more,
    .more:focus-visible {
      opacity: 1;
    }
  }
  .quote {
    display: flex;
    flex-direction: column;
    align-items: flex-start;
    gap: 0;
    width: 100%;
    min-height: 0;
    margin-bottom: 6px;
    padding: 2px 10px;
    border: 0;
    border-inline-start: 3px solid var(--sea);
    border-radius: 4px;
    background: color-mix(in oklab, var(--sea) 8%, transparent);
    font-weight: inherit;
    text-align: start;
  }
  .two {
    display: -webkit-box;
    overflow: hidden;
    -webkit-box-orient: vertical;
    -webkit-line-clamp: 2;
  }
  .with {
    display: flex;
    flex-wrap: wrap;
    gap: 4px 8px;
    align-items: center;
    margin-top: 2px;
  }
  .own .with {
    justify-content: flex-end;
  }
  .chip {
    gap: 4px;
    min-width: 32px;
    min-height: 28px;
    padding: 0 8px;
    border-color: var(--line);
    border-radius: 999px;
    font-variant-emoji: emoji;
  }
  .chip:disabled {
    color: inherit;
    cursor: default;
  }
  .chip[aria-pressed="true"] {
    border-color: var(--sea);
    background: var(--sea-soft);
  }
  .edited {
    min-width: 0;
    min-height: 24px;
    padding: 0; /* its end stands in line with the bubble's */
    border: 0;
    background: none;
    color: var(--ink-soft);
    font-weight: inherit;
    text-decoration: underline;
  }
  .mark {
    display: inline-flex;
    align-items: center;
    gap: 4px;
  }
  .mark ith-icon {
    zoom: 0.7;
  }
`;
