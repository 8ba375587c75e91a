import { LitElement, css, html, nothing, type PropertyValues } from "lit";
import { customElement, property, state } from "lit/decorators.js";

import type { AppState, Trouble } from "../../lib/model.js";
import { inWords } from "../../lib/trouble.js";
import type { MentorshipView, Message, MessageVersion, PersonView } from "../../protocol/types.js";
import { base, controls } from "../base.js";
import { AppElement } from "../element.js";
import "../parts/sheet.js";
import { quoteWords } from "../words/chat.js";
import { nameIn, pairOf } from "../words/people.js";
import { reaches } from "../words/safety.js";
import { exact, shortWhen } from "../words/time.js";
import { prose, proseStyles } from "./prose.js";

const styles = [
  base,
  controls,
  proseStyles,
  css`
    ol,
    ul.all {
      display: grid;
      gap: 16px;
    }
    .said-so {
      margin-block: 4px;
      padding: 8px 12px;
      border: 1px solid var(--line);
      border-radius: var(--radius);
    }
    .row .plain {
      padding-inline: 8px;
    }
    .row .plain:first-child {
      margin-inline-start: -9px; /* its words stand in line with the rest */
    }
  `,
];

/** How a message read over time, the newest first. `close` (event) asks for `of` to become null. */
@customElement("ith-versions")
export class Versions extends AppElement {
  static override styles = styles;
  @property({ attribute: false }) view!: MentorshipView;
  @property({ attribute: false }) of: Message | null = null;
  @state() private versions: readonly MessageVersion[] | null = null;
  @state() private trouble: Trouble | null = null;

  protected override watch(state: AppState): readonly unknown[] {
    return [state.me];
  }

  protected override willUpdate(changed: PropertyValues<this>): void {
    if (changed.has("of") && this.of) void this.load(this.of);
  }

  private async load({ seq }: Message): Promise<void> {
    this.versions = null;
    this.trouble = null;
    try {
      const versions = await this.app.chat.versions(this.view.conversation, seq);
      if (this.of?.seq === seq) this.versions = versions;
    } catch (error) {
      if (this.of?.seq === seq) this.trouble = inWords(error);
    }
  }

  override render(): unknown {
    const { me } = this.state;
    const { versions } = this;
    if (!me) return nothing;
    return html`
      <ith-sheet heading="Earlier versions" .open=${this.of !== null} @close=${() => this.dispatchEvent(new Event("close"))}>
        ${this.trouble ? html`<p class="error" role="alert">${this.trouble.what} ${this.trouble.advice}</p>` : nothing}
        ${
          versions
            ? html`<ol>
              ${[...versions].reverse().map((each, i) => this.version(each, i === 0, me))}
            </ol>`
            : html`<p class="soft late">Looking…</p>`
        }
      </ith-sheet>
    `;
  }

  private version({ body, at_us }: MessageVersion, now: boolean, me: PersonView): unknown {
    return html`<li>
      <p class="small soft" title=${exact(me.zone, at_us)}>
        ${now ? "Now, since" : "From"} ${exact(me.zone, at_us)}
      </p>
      <div class="said-so" dir="auto">${prose(body)}</div>
    </li>`;
  }
}

/** Asks before a message is deleted (`of`, else null). `erase` and `close` (events). */
@customElement("ith-erase")
export class Erase extends LitElement {
  static override styles = styles;
  @property({ attribute: false }) of: Message | null = null;

  override render(): unknown {
    return html`
      <ith-sheet heading="Delete this message?" .open=${this.of !== null} @close=${() => this.say("close")}>
        ${this.of ? html`<p class="said-so" dir="auto">${quoteWords(this.of)}</p>` : nothing}
        <p>
          It goes for both of you, with all that it read before; its place stays. That cannot be undone.
        </p>
        <div class="row">
          <button class="clay" @click=${() => this.say("erase")}>Delete for both</button>
          <button @click=${() => this.say("close")}>Keep it</button>
        </div>
      </ith-sheet>
    `;
  }

  private say(what: "erase" | "close"): void {
    this.dispatchEvent(new Event(what));
  }
}

/** What is pinned, the newest pin first; each leads to its place in the conversation (`jump`, event, with
 * `seq`). `close` (event) asks for `open` to become false. */
@customElement("ith-pinned")
export class Pinned extends AppElement {
  static override styles = styles;
  @property({ attribute: false }) view!: MentorshipView;
  @property({ type: Boolean }) open = false;
  /** The message at a place, as far as it is held. */
  @property({ attribute: false }) at: (seq: number) => Message | undefined = () => undefined;
  @state() private trouble: Trouble | null = null;
  seq = 0;

  protected override watch(state: AppState): readonly unknown[] {
    return [state.me, state.conversations, state.mentorships];
  }

  protected override willUpdate(changed: PropertyValues<this>): void {
    if (!changed.has("open") || !this.open) return;
    this.trouble = null;
    this.app.chat.pins(this.view.conversation).catch((error: unknown) => (this.trouble = inWords(error)));
  }

  override render(): unknown {
    const { me } = this.state;
    const { pinned = [] } = this.view;
    if (!me) return nothing;
    return html`
      <ith-sheet heading="Pinned" .open=${this.open} @close=${this.close}>
        ${this.trouble ? html`<p class="error" role="alert">${this.trouble.what} ${this.trouble.advice}</p>` : nothing}
        ${
          pinned.length
            ? html`<ul class="all">${pinned.map((seq) => this.pin(seq, me))}</ul>`
            : html`<p>Nothing is pinned. What either of you pins stands here for both.</p>`
        }
      </ith-sheet>
    `;
  }

  private pin(seq: number, me: PersonView): unknown {
    const message = this.at(seq);
    if (!message) return html`<li class="soft late">Looking…</li>`;
    const who = nameIn(pairOf(this.view, me), message.person);
    return html`<li>
      <p class="small soft" title=${exact(me.zone, message.at_us)}>
        <bdi>${who}</bdi>, ${shortWhen(me.zone, message.at_us, this.app.nowUs())}
      </p>
      <div class="said-so" dir="auto">${prose(message.body)}</div>
      <div class="row">
        <button class="plain" @click=${() => this.jump(seq)}>Show it</button>
        ${
          reaches(this.view)
            ? html`<button class="plain" @click=${() => this.app.chat.pin(this.view.conversation, seq, false)}>
              Take the pin off
            </button>`
            : nothing
        }
      </div>
    </li>`;
  }

  private jump(seq: number): void {
    this.seq = seq;
    this.close();
    this.dispatchEvent(new Event("jump"));
  }

  private close(): void {
    this.dispatchEvent(new Event("close"));
  }
}
