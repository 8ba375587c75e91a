/** What the two forms have in common: entries by name, a sentence for each that is wrong, and one
 * request at a time. */
import { LitElement, css, html, nothing } from "lit";
import { property, state } from "lit/decorators.js";

import type { App } from "../../lib/model.js";
import type { MentorshipView, PersonView } from "../../protocol/types.js";
import { Asking } from "../asking.js";
import { base, controls } from "../base.js";
import { notice } from "../parts/notice.js";

export abstract class ArrangeForm<F extends string> extends LitElement {
  static override styles = [
    base,
    controls,
    css`
      form {
        display: grid;
        grid-template-columns: minmax(0, 1fr);
        gap: 16px;
      }
      .pair {
        display: grid;
        grid-template-columns: repeat(auto-fit, minmax(8rem, 1fr));
        gap: 4px 16px;
        margin-block-end: -12px;
      }
      .pair.wide {
        grid-template-columns: repeat(auto-fit, minmax(13.5rem, 1fr));
      }
      /* Labels end, and entries begin, on one line, however many each label takes. */
      .pair > .field {
        grid-row: span 3;
        grid-template-rows: subgrid;
        margin-block-end: 12px;
      }
      .pair label {
        align-self: end;
      }
      input,
      select,
      summary {
        scroll-margin-block: 5rem; /* what has the focus is not under the row below */
      }
      .actions {
        position: sticky;
        inset-block-end: -24px; /* over the sheet's own padding */
        margin-block-end: -24px;
        padding-block: 12px 24px;
        border-block-start: 1px solid var(--line);
        background: var(--surface);
      }
      summary {
        padding-block: 12px;
        cursor: pointer;
      }
      details .pair + .pair {
        margin-block-start: 28px;
      }
      details[open] {
        padding-block-end: 12px;
      }
      .field {
        grid-template-columns: minmax(0, 1fr); /* a date is no wider than its place */
      }
      .actions p {
        flex: 1 0 100%;
      }
    `,
  ];
  @property({ attribute: false }) app!: App;
  @property({ attribute: false }) me!: PersonView;
  @property({ attribute: false }) mentorship!: MentorshipView;
  @state() protected entries!: Readonly<Record<F, string>>;
  @state() protected wrong: Readonly<Record<string, string>> = {};
  protected readonly asking = new Asking(this);

  protected abstract fresh(): Readonly<Record<F, string>>;

  override connectedCallback(): void {
    super.connectedCallback();
    this.entries = this.fresh();
  }

  protected field(id: F, label: string, input: unknown, hint = ""): unknown {
    const wrong = this.wrong[id];
    return html`
      <div class="field">
        <label for=${id}>${label}</label>
        ${input}
        <div>
          <p class="error" id="${id}-error" ?hidden=${!wrong}>${wrong}</p>
          <p class="small soft" id="${id}-hint" ?hidden=${!hint}>${hint}</p>
        </div>
      </div>
    `;
  }

  protected input(id: F, type: string, mode: "decimal" | "numeric" | "" = ""): unknown {
    return html`<input
      id=${id}
      type=${type}
      inputmode=${mode || nothing}
      autocomplete="off"
      .value=${this.entries[id]}
      aria-invalid=${this.wrong[id] ? "true" : nothing}
      aria-describedby="${id}-error ${id}-hint"
      @input=${this.written}
    />`;
  }

  protected select(id: F, choices: readonly (readonly [value: string, words: string])[]): unknown {
    const held = this.entries[id];
    const known = choices.some(([value]) => value === held);
    const all = known ? choices : [...choices, [held, held] as const];
    return html`<select
      id=${id}
      aria-invalid=${this.wrong[id] ? "true" : nothing}
      aria-describedby="${id}-error ${id}-hint"
      @change=${this.written}
    >
      ${all.map(
        ([value, words]) => html`<option value=${value} ?selected=${value === held}>${words}</option>`,
      )}
    </select>`;
  }

  protected form(fields: unknown, actions: unknown): unknown {
    const { trouble } = this.asking;
    return html`
      <form @submit=${this.submit} novalidate>
        ${fields} ${trouble ? notice(trouble) : nothing}
        <div class="row actions">${actions}</div>
      </form>
    `;
  }

  private written(event: Event): void {
    const { id, value } = event.target as HTMLInputElement | HTMLSelectElement;
    this.entries = { ...this.entries, [id]: value };
    this.wrong = { ...this.wrong, [id]: "" };
  }

  /** What to ask for, unless an entry is wrong. */
  protected abstract asked(): {
    readonly wrong: Readonly<Partial<Record<F, string>>>;
    send(): Promise<void>;
  };

  private async submit(event: Event): Promise<void> {
    event.preventDefault();
    const { wrong, send } = this.asked();
    this.asking.clear();
    this.wrong = { ...wrong } as Record<string, string>;
    if (!Object.keys(wrong).length) await this.doing(send);
    await this.updateComplete;
    this.renderRoot.querySelector<HTMLElement>("[aria-invalid]")?.focus();
  }

  /** Done, the sheet may close. */
  protected async doing(send: () => Promise<void>): Promise<void> {
    const done = await this.asking.run(send, ({ field, trouble }) => {
      const here = field && this.renderRoot.querySelector(`[id="${CSS.escape(field)}"]`);
      if (here) this.wrong = { [field]: trouble.what };
      return !!here;
    });
    if (done) this.dispatchEvent(new Event("done"));
  }
}
