import { css, html, nothing, type PropertyValues } from "lit";
import { customElement, property, state } from "lit/decorators.js";

import { Refused, type AppState, type Trouble } from "../lib/model.js";
import { isVisible } from "../lib/text.js";
import type { PersonView, ReflectionView, SharedReflection } from "../protocol/types.js";
import { Back } from "./back.js";
import { base, controls } from "./base.js";
import { AppElement } from "./element.js";
import { notice } from "./parts/notice.js";
import { otherOf } from "./words/people.js";
import { QUESTIONS, RATINGS, afterWords, beforeWords, ratingWords, textTrouble } from "./words/reflection.js";
import { named } from "./words/time.js";

type Field = "useful" | "next" | "private";
interface Draft {
  readonly useful: string;
  readonly next: string;
  readonly rating: number | null;
  readonly private: string;
}

const EMPTY: Draft = { useful: "", next: "", rating: null, private: "" };

/** After a session: a few small questions, and what the other said to them. */
@customElement("ith-reflection")
export class Reflection extends AppElement {
  static override styles = [
    base,
    controls,
    css`
      :host {
        display: contents; /* what is not there takes no room */
      }
      section,
      form {
        display: grid;
        grid-template-columns: minmax(0, 1fr);
        gap: 12px;
      }
      form {
        gap: 16px;
      }
      textarea {
        line-height: 1.5;
        resize: vertical;
      }
      fieldset {
        margin: 0;
        padding: 0;
        border: 0;
      }
      legend {
        padding: 0;
      }
      .choices {
        display: flex;
        flex-wrap: wrap;
        gap: 8px;
        margin-top: 4px;
      }
      .choices label {
        display: inline-flex;
        gap: 8px;
        align-items: center;
        min-height: 44px;
        padding: 8px 12px;
        border: 1px solid var(--edge);
        border-radius: var(--radius);
        font-weight: 400;
        cursor: pointer;
      }
      .choices label:has(:checked) {
        border-color: var(--sea);
        background: var(--sea-soft);
      }
      .choices input {
        margin: 0;
      }
      summary {
        min-height: 44px;
        padding-block: 10px;
        color: var(--sea);
        font-weight: 500;
        cursor: pointer;
      }
      .olive {
        color: var(--olive);
        font-weight: 600;
      }
      dl {
        display: grid;
        gap: 12px;
      }
      dt {
        color: var(--ink-soft);
        font-size: var(--small);
      }
      dd {
        white-space: pre-wrap; /* as written: no space may stand around it in the template */
      }
    `,
  ];
  @property() session = "";
  @property() mentorship = "";
  @state() private draft: Draft = EMPTY;
  @state() private writing = false;
  @state() private saving = false;
  @state() private saved = false; // just now
  @state() private trouble: Trouble | null = null;
  @state() private wrong: Partial<Record<Field, string>> = {};

  constructor() {
    super();
    new Back(
      this,
      () => this.state.link.is === "online",
      () => {
        if (this.trouble && !this.view) void this.load();
        this.trouble = null;
      },
    );
  }

  protected override watch(state: AppState): readonly unknown[] {
    return [state.reflections[this.session], state.mentorships, state.me, state.link.is];
  }

  protected override willUpdate(changed: PropertyValues<this>): void {
    if (!changed.has("session") || !this.session) return;
    this.saved = false;
    void this.load();
  }

  private get view(): ReflectionView | undefined {
    return this.state.reflections[this.session];
  }

  private get place(): string {
    return `reflection.${this.session}`;
  }

  private async load(): Promise<void> {
    const { session } = this;
    this.trouble = null;
    const asked = location.hash === "#reflect";
    const { call } = this.state;
    // Of a call that was ended under one, perhaps by a block, one is not asked: one may still say it.
    const justLeft = call?.phase === "left" && call.ended !== "ended" && call.session?.id === session;
    try {
      await this.app.reflect.load(session);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      this.trouble = error.trouble;
      return;
    }
    if (session !== this.session) return;
    const kept = read(this.app.chat.draft(this.place).text);
    if (!this.view?.mine && (asked || justLeft || kept)) this.write(kept ?? EMPTY);
    if (asked) await this.begin();
  }

  private write(draft: Draft): void {
    this.draft = draft;
    this.wrong = {};
    this.saved = false;
    this.writing = true;
  }

  /** Goes to its heading. */
  async begin(): Promise<void> {
    await this.updateComplete;
    const heading = this.renderRoot.querySelector("h2");
    heading?.scrollIntoView();
    heading?.focus();
  }

  override render(): unknown {
    const { view } = this;
    const { me, mentorships } = this.state;
    const mentorship = mentorships.find(({ id }) => id === this.mentorship);
    if (!me || !mentorship) return nothing;
    const other = otherOf(mentorship, me).person;
    return html`
      ${this.trouble && !view ? notice(this.trouble, html`<button @click=${this.load}>Try again</button>`) : nothing}
      ${view ? (this.writing ? this.form(view, other) : this.said(view, me, other)) : nothing}
      ${view?.theirs ? this.theirs(view.theirs, other) : nothing}
    `;
  }

  // ---- the questions ---------------------------------------------------------------------------

  private form(view: ReflectionView, other: PersonView): unknown {
    const shared = view.mine?.shared_us != null;
    return html`
      <section class="card" aria-labelledby="questions">
        <h2 id="questions" tabindex="-1">${shared ? "Your note" : "How was your talk?"}</h2>
        <form novalidate @submit=${this.save}>
          ${shared ? nothing : html`${this.text("useful")} ${this.text("next")} ${this.rating()}`}
          ${
            shared
              ? this.text("private")
              : html`<details ?open=${!!this.draft.private || !!this.wrong.private}>
                <summary>${QUESTIONS.private}</summary>
                ${this.text("private")}
              </details>`
          }
          ${shared ? nothing : html`<p class="small soft">${beforeWords(view, other)}</p>`}
          ${this.trouble ? notice(this.trouble) : nothing}
          <div class="row">
            <button class="filled" ?disabled=${this.saving}>Save</button>
            <button type="button" @click=${this.putAway}>${view.mine ? "Leave it as it is" : "Not now"}</button>
          </div>
        </form>
      </section>
    `;
  }

  private text(field: Field): unknown {
    const wrong = this.wrong[field] ?? textTrouble(this.draft[field]);
    const hint = field === "private" ? "Only you can read this." : "";
    return html`
      <div class="field">
        <label for=${field}>${QUESTIONS[field]}</label>
        <textarea
          id=${field}
          rows="2"
          dir="auto"
          aria-invalid=${wrong ? "true" : nothing}
          aria-describedby="${field}-more"
          .value=${this.draft[field]}
          @input=${(event: Event) => this.change({ [field]: (event.target as HTMLTextAreaElement).value }, field)}
        ></textarea>
        <p id="${field}-more" class=${wrong ? "error" : "small soft"} ?hidden=${!wrong && !hint}>
          ${wrong || hint}
        </p>
      </div>
    `;
  }

  private rating(): unknown {
    return html`
      <fieldset>
        <legend>${QUESTIONS.rating}</legend>
        <div class="choices">
          ${RATINGS.map(
            (words, i) => html`
              <label>
                <input
                  type="radio"
                  name="rating"
                  .checked=${this.draft.rating === i + 1}
                  @change=${() => this.change({ rating: i + 1 })}
                />${words}
              </label>
            `,
          )}
        </div>
      </fieldset>
    `;
  }

  private change(part: Partial<Draft>, field?: Field): void {
    this.draft = { ...this.draft, ...part };
    if (field) this.wrong = { ...this.wrong, [field]: undefined };
    // What is private is kept nowhere on this machine.
    this.keep(JSON.stringify({ ...this.draft, private: "" }));
  }

  private keep(text: string): void {
    this.app.chat.saveDraft(this.place, { text, replyTo: null, editing: null });
  }

  private putAway(): void {
    this.writing = false;
    this.trouble = null;
    this.keep("");
  }

  private async save(event: Event): Promise<void> {
    event.preventDefault();
    const { draft, session } = this;
    const fields = ["useful", "next", "private"] as const;
    const long = fields.find((field) => textTrouble(draft[field]));
    if (long) return this.point(long);
    if (fields.every((field) => !isVisible(draft[field])) && draft.rating === null && !this.view?.mine) {
      this.trouble = { code: "", what: "There is nothing to save yet.", advice: "One line is enough." };
      return;
    }
    this.saving = true;
    this.trouble = null;
    try {
      await this.app.reflect.save(session, draft);
      this.writing = false;
      this.saved = true;
      this.keep("");
      await this.begin();
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      const field = fields.find((each) => each === error.field);
      if (field) {
        this.wrong = { [field]: error.trouble.what };
        await this.point(field);
      } else {
        this.trouble = error.trouble;
      }
    } finally {
      this.saving = false;
    }
  }

  private async point(field: Field): Promise<void> {
    await this.updateComplete;
    this.renderRoot.querySelector<HTMLElement>(`#${field}`)?.focus();
  }

  // ---- what was said ---------------------------------------------------------------------------

  private said(view: ReflectionView, me: PersonView, other: PersonView): unknown {
    const { mine } = view;
    if (!mine) {
      return html`<div class="row">
        <button @click=${() => this.write(EMPTY)}>Look back on this talk</button>
        ${view.they_answered ? html`<span class="soft">${named(other.name)} has.</span>` : nothing}
      </div>`;
    }
    const shared = mine.shared_us != null;
    return html`
      <section class="card" aria-labelledby="mine">
        <h2 id="mine" tabindex="-1">What you said</h2>
        ${answers(mine)}
        ${
          mine.private
            ? html`<dl>
              <div>
                <dt>${QUESTIONS.private}</dt>
                <dd dir="auto">${mine.private}</dd>
              </div>
            </dl>`
            : nothing
        }
        <p class="small soft">
          ${this.saved ? html`<span class="olive">Saved.</span>` : nothing}
          ${afterWords(view, me, other, this.app.nowUs())}
        </p>
        <div class="row">
          <button @click=${() => this.write({ ...mine, rating: mine.rating ?? null })}>
            ${shared ? (mine.private ? "Change your note" : "Add a note for yourself") : "Change it"}
          </button>
        </div>
      </section>
    `;
  }

  private theirs(theirs: SharedReflection, other: PersonView): unknown {
    return html`
      <section class="card" aria-labelledby="theirs">
        <h2 id="theirs">What ${named(other.name)} said</h2>
        ${answers(theirs)}
      </section>
    `;
  }
}

function answers(said: Pick<SharedReflection, "useful" | "next" | "rating">): unknown {
  const rows = [
    [QUESTIONS.useful, said.useful],
    [QUESTIONS.next, said.next],
    [QUESTIONS.rating, ratingWords(said.rating)],
  ].filter(([, words]) => words);
  if (!rows.length) return nothing;
  return html`<dl>
    ${rows.map(
      ([question, words]) => html`<div>
        <dt>${question}</dt>
        <dd dir="auto">${words}</dd>
      </div>`,
    )}
  </dl>`;
}

/** A draft as it was kept, or null. */
function read(text: string): Draft | null {
  try {
    const { useful, next, rating } = JSON.parse(text) as Partial<Draft>;
    if (typeof useful !== "string" || typeof next !== "string") return null;
    const draft = { useful, next, rating: typeof rating === "number" ? rating : null, private: "" };
    return useful || next || draft.rating !== null ? draft : null;
  } catch {
    return null;
  }
}
