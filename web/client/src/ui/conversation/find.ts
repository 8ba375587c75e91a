import { ArrowDown, ArrowUp, X } from "lucide";
import { css, html, nothing } from "lit";
import { customElement, property, query, state } from "lit/decorators.js";

import { Refused, type AppState, type Found, type Trouble } from "../../lib/model.js";
import { inWords } from "../../lib/trouble.js";
import type { Message } from "../../protocol/types.js";
import { base, controls } from "../base.js";
import { AppElement } from "../element.js";
import "../parts/icon.js";
import { hits } from "../words/chat.js";

const TYPED_MS = 300; // without another key
const LEAST = 2; // letters, while one types

/** Finds words in a conversation as one types them, and with Enter at once; steps from hit to hit, the newest first. `jump` (event) asks for the hit at
 * `seq` to be shown, `none` says that there is none, `close` asks for this to be put away. */
@customElement("ith-find")
export class Find extends AppElement {
  static override styles = [
    base,
    controls,
    css`
      form {
        display: flex;
        flex-wrap: wrap;
        gap: 4px;
        align-items: center;
        padding: 4px 16px;
        border-block-end: 1px solid var(--line);
      }
      input {
        flex: 1 1 8rem;
        width: auto;
        min-width: 0;
      }
      input::-webkit-search-cancel-button {
        display: none; /* there is one that leaves, beside it */
      }
      .plain {
        padding: 0;
      }
      .plain:disabled {
        background: none;
        color: var(--ink-soft);
        opacity: 0.4;
        cursor: default;
      }
      p {
        flex-basis: 100%;
        min-height: 1.5em; /* what is read below stays where it is when there is an answer */
      }
    `,
  ];
  @property() mentorship = "";
  @state() private found: readonly Message[] = [];
  @state() private more = false;
  @state() private at = 0; // of what was found
  @state() words = ""; // that these are the matches of
  @state() private complete = true;
  @state() private asking = false;
  @state() private trouble: Trouble | null = null;
  @query("input") private field!: HTMLInputElement;
  seq = 0;
  private run = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;

  protected override watch(_: AppState): readonly unknown[] {
    return [];
  }

  protected override firstUpdated(): void {
    this.field.focus();
  }

  override render(): unknown {
    const { found, trouble } = this;
    const some = found.length > 0;
    const partly = this.complete ? "" : ". Some messages are still being taken in: ask again in a moment.";
    const words = this.words && !this.asking ? hits(this.at + 1, found.length, this.more) + partly : "";
    return html`
      <form role="search" @submit=${this.submit} @keydown=${this.keydown}>
        <input
          type="search"
          aria-label="Find words"
          placeholder="Find words"
          dir="auto"
          enterkeyhint="search"
          @input=${this.typed}
        />
        <button class="plain" type="button" aria-label="Older hit" ?disabled=${!some} @click=${() => this.step(1)}>
          <ith-icon .of=${ArrowUp}></ith-icon>
        </button>
        <button class="plain" type="button" aria-label="Newer hit" ?disabled=${!some} @click=${() => this.step(-1)}>
          <ith-icon .of=${ArrowDown}></ith-icon>
        </button>
        <button class="plain" type="button" aria-label="Stop finding" @click=${this.close}>
          <ith-icon .of=${X}></ith-icon>
        </button>
        <p class="small soft number" role="status" ?hidden=${trouble !== null}>
          ${this.asking ? html`<span class="late">Looking…</span>` : words}
        </p>
        ${trouble ? html`<p class="small error" role="alert">${trouble.what} ${trouble.advice}</p>` : nothing}
      </form>
    `;
  }

  private keydown(event: KeyboardEvent): void {
    if (event.key === "Escape") {
      event.preventDefault();
      event.stopPropagation();
      this.close();
    } else if (event.key === "ArrowUp" || event.key === "ArrowDown") {
      event.preventDefault();
      void this.step(event.key === "ArrowUp" ? 1 : -1);
    }
  }

  override disconnectedCallback(): void {
    this.forget();
    super.disconnectedCallback();
  }

  /** What was asked for is not waited for any more. */
  private forget(): void {
    clearTimeout(this.timer);
    this.run += 1;
    this.asking = false;
  }

  private typed(): void {
    this.forget();
    const words = this.field.value.trim();
    if (words === this.words && this.found.length) return;
    if ([...words].length >= LEAST) this.timer = setTimeout(() => void this.search(words), TYPED_MS);
    else this.clear("");
  }

  private async submit(event: Event): Promise<void> {
    event.preventDefault();
    clearTimeout(this.timer);
    const words = this.field.value.trim();
    if (!words || (words === this.words && this.asking)) return;
    if (words === this.words && this.found.length) return this.step(1);
    await this.search(words);
  }

  private clear(words: string): void {
    [this.found, this.at, this.words, this.more, this.trouble] = [[], 0, words, false, null];
    if (!words) this.show();
  }

  private async search(words: string): Promise<void> {
    this.clear(words);
    if (await this.ask(null)) this.show();
  }

  /** One hit further into the past (1) or back; around at the newest. */
  private async step(by: 1 | -1): Promise<void> {
    if (!this.found.length || this.asking) return;
    if (by === 1 && this.at === this.found.length - 1 && this.more) {
      if (!(await this.ask(this.found.at(-1)!.seq))) return;
    }
    this.at = (this.at + by + this.found.length) % this.found.length;
    this.show();
  }

  /** Whether that is still what is looked for. */
  private async ask(before: number | null): Promise<boolean> {
    const run = (this.run += 1);
    this.asking = true;
    this.trouble = null;
    try {
      const { matches, more, complete } = await this.patiently(run, before);
      if (run !== this.run) return false;
      this.found = [...this.found, ...matches];
      this.more = more;
      this.complete = complete;
    } catch (error) {
      if (run !== this.run) return false;
      this.trouble = inWords(error);
      if (!this.found.length) this.words = "";
    }
    this.asking = false;
    return true;
  }

  /** Whoever types asks often: what was too much at once is asked again when the server says. */
  private async patiently(run: number, before: number | null): Promise<Found> {
    for (;;) {
      try {
        return await this.app.chat.find(this.mentorship, this.words, before);
      } catch (error) {
        const soon = error instanceof Refused && error.trouble.code === "rate_limited";
        if (!soon || run !== this.run) throw error;
        await new Promise((done) => setTimeout(done, Math.max(TYPED_MS, error.afterUs / 1000)));
        if (run !== this.run) throw error;
      }
    }
  }

  private show(): void {
    const match = this.found[this.at];
    this.seq = match?.seq ?? 0;
    this.dispatchEvent(new Event(match ? "jump" : "none"));
  }

  private close(): void {
    this.dispatchEvent(new Event("close"));
  }
}
