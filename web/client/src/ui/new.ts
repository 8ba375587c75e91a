import { css, html, nothing } from "lit";
import { customElement, state } from "lit/decorators.js";

import { Refused, type AppState, type Trouble } from "../lib/model.js";
import type { MentorshipCreated, NewPerson } from "../protocol/types.js";
import { base, column, controls } from "./base.js";
import { AppElement } from "./element.js";
import "./parts/copy.js";
import { notice } from "./parts/notice.js";
import { paths } from "./route.js";
import { named } from "./words/time.js";

type Role = "mentor" | "mentee";
type Field = "name" | "zone" | "email";
const ROLES: readonly Role[] = ["mentor", "mentee"];
const LABELS: Record<Field, string> = {
  name: "Name",
  zone: "Time zone",
  email: "E-mail (optional)",
};

/** Two people to bring together; then a link for each. */
@customElement("ith-new")
export class New extends AppElement {
  static override styles = [
    base,
    controls,
    column,
    css`
      form,
      fieldset,
      .links {
        display: grid;
        gap: 16px;
      }
      fieldset {
        margin: 0;
        border: 1px solid var(--line);
        border-radius: var(--radius);
        padding: 8px 16px 16px;
        min-width: 0;
      }
      legend {
        padding: 0 4px;
        font-size: var(--large);
      }
      .choice {
        display: flex;
        gap: 8px;
        align-items: center;
        min-height: 44px;
        font-weight: 400;
      }
      .choices {
        gap: 0;
      }
      .card {
        display: grid;
        gap: 8px;
      }
    `,
  ];
  @state() private iAm: Role | null = "mentor";
  @state() private busy = false;
  @state() private wrong: { readonly field: string | null; readonly trouble: Trouble } | null =
    null;
  @state() private made: MentorshipCreated | null = null;
  private readonly zones = Intl.supportedValuesOf("timeZone");
  private readonly zone = Intl.DateTimeFormat().resolvedOptions().timeZone;

  protected override watch(state: AppState): readonly unknown[] {
    return [state.me, state.canStart];
  }

  override render(): unknown {
    const { me, canStart } = this.state;
    if (this.made) return this.links(this.made);
    if (!me && !canStart) {
      return html`
        <main id="main">
          <h1 tabindex="-1">New mentorship</h1>
          <p>Here only people who were invited begin mentorships. Open your link first.</p>
          <p><a class="button" href=${paths.home}>To the start</a></p>
        </main>
      `;
    }
    const general = this.wrong && !this.fieldOf(this.wrong.field) ? this.wrong.trouble : null;
    return html`
      <main id="main">
        <h1 tabindex="-1">New mentorship</h1>
        <p class="soft">Two people, and a link for each of them.</p>
        <form @submit=${this.submit} novalidate>
          ${me ? this.choice() : nothing}
          ${ROLES.map((role) => (me && this.iAm === role ? nothing : this.person(role)))}
          ${general ? notice(general) : nothing}
          <div><button class="filled" ?disabled=${this.busy}>Make the links</button></div>
          ${this.busy ? html`<p class="soft late" role="status">Making the links…</p>` : nothing}
        </form>
        <datalist id="zones">${this.zones.map((zone) => html`<option value=${zone}></option>`)}</datalist>
      </main>
    `;
  }

  private choice(): unknown {
    const choices: readonly (readonly [Role | null, string])[] = [
      ["mentor", "I am the mentor"],
      ["mentee", "I am the mentee"],
      [null, "I am neither"],
    ];
    return html`
      <fieldset class="choices">
        <legend>And you?</legend>
        ${choices.map(
          ([role, words]) => html`
            <label class="choice">
              <input
                type="radio"
                name="i_am"
                .checked=${this.iAm === role}
                @change=${() => (this.iAm = role)}
              />${words}
            </label>
          `,
        )}
      </fieldset>
    `;
  }

  private person(role: Role): unknown {
    return html`
      <fieldset>
        <legend>The ${role}</legend>
        ${this.field(role, "name", { autocomplete: "off" })}
        ${this.field(role, "zone", { value: this.zone, list: "zones" })}
        ${this.field(role, "email", { type: "email", autocomplete: "off" })}
      </fieldset>
    `;
  }

  private field(
    role: Role,
    field: Field,
    more: { type?: string; value?: string; list?: string; autocomplete?: "off" },
  ): unknown {
    const id = `${role}.${field}`;
    const trouble = this.wrong?.field === id ? this.wrong.trouble : null;
    return html`
      <div class="field">
        <label for=${id}>${LABELS[field]}</label>
        <input
          id=${id}
          name=${id}
          dir=${field === "name" ? "auto" : "ltr"}
          type=${more.type ?? "text"}
          value=${more.value ?? ""}
          list=${more.list ?? nothing}
          autocomplete=${more.autocomplete ?? nothing}
          aria-invalid=${trouble ? "true" : nothing}
          aria-describedby="${id}-error"
        />
        <p class="error" id="${id}-error">${trouble ? `${trouble.what} ${trouble.advice}` : nothing}</p>
      </div>
    `;
  }

  /** The input that an error names, if it is one of this form's. */
  private fieldOf(field: string | null): HTMLInputElement | null {
    if (!field) return null;
    return this.renderRoot.querySelector<HTMLInputElement>(`[name="${CSS.escape(field)}"]`);
  }

  private async submit(event: Event): Promise<void> {
    event.preventDefault();
    if (this.busy) return;
    const data = new FormData(event.target as HTMLFormElement);
    const person = (role: Role): NewPerson => ({
      name: String(data.get(`${role}.name`) ?? "").trim(),
      zone: String(data.get(`${role}.zone`) ?? "").trim(),
      email: String(data.get(`${role}.email`) ?? "").trim(),
    });
    const iAm = this.state.me ? this.iAm : null;
    this.busy = true;
    this.wrong = null;
    try {
      this.made = await this.app.startMentorship({
        mentor: iAm === "mentor" ? null : person("mentor"),
        mentee: iAm === "mentee" ? null : person("mentee"),
        i_am: iAm,
      });
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      this.wrong = { field: error.field, trouble: error.trouble };
    } finally {
      this.busy = false;
    }
    await this.updateComplete;
    const next = this.made
      ? this.renderRoot.querySelector("h1")
      : this.fieldOf(this.wrong?.field ?? null);
    next?.focus();
  }

  private links(made: MentorshipCreated): unknown {
    return html`
      <main id="main">
        <h1 tabindex="-1">${made.links.length > 1 ? "Two links" : "One link"}</h1>
        <p>
          Each link is personal and secret: whoever opens it comes in as that person. Send it to that
          person alone. It stays good, so it can be kept and opened again. Copy it now: this page does
          not show it a second time.
        </p>
        <div class="links">
          ${made.links.map(
            (link) => html`
              <section class="card">
                <h2>For ${named(link.person.name)}, the ${link.role}</h2>
                <ith-copy .text=${link.url} .label="Link for ${link.person.name}"></ith-copy>
                ${
                  this.state.me
                    ? nothing
                    : html`<p class="small">
                      <a href=${link.url} target="_blank" rel="noopener noreferrer"
                        >Open it in a new tab</a
                      >, if this is you.
                    </p>`
                }
              </section>
            `,
          )}
        </div>
        ${
          this.state.me && this.iAm
            ? html`<p><a class="button filled" href=${paths.prejoin(made.mentorship)}>Go there</a></p>`
            : nothing
        }
        <p><a href=${paths.home}>To the start</a></p>
      </main>
    `;
  }
}
