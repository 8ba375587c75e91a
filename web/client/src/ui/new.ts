import { css, html, nothing } from "lit";
import { customElement, state } from "lit/decorators.js";

import { Refused, type AppState, type Trouble } from "../lib/model.js";
import type { InvitationLink, MentorshipCreated, NewPerson } from "../protocol/types.js";
import { base, column, controls } from "./base.js";
import { AppElement } from "./element.js";
import "./parts/copy.js";
import { notice } from "./parts/notice.js";
import { paths } from "./route.js";
import { personTroubles, zoneOf, type Field } from "./words/form.js";

type Role = "mentor" | "mentee";
type Entry = `${Role}.${Field}`;
const ROLES: readonly Role[] = ["mentor", "mentee"];
const LABELS: Record<Field, string> = {
  name: "Name",
  zone: "Time zone",
  email: "E-mail (optional)",
};
const KEPT = "Kept for notices later. Nothing is sent yet, and the other person does not see it.";

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
      .choice input {
        margin: 0;
      }
      .card {
        display: grid;
        gap: 8px;
      }
    `,
  ];
  @state() private iAm: Role | null = "mentor";
  @state() private busy = false;
  @state() private entries: Partial<Record<Entry, string>> = {};
  @state() private wrong: Readonly<Record<string, string>> = {}; // a sentence an entry
  @state() private trouble: Trouble | null = null; // that no entry has caused
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
    return html`
      <main id="main">
        <h1 tabindex="-1">New mentorship</h1>
        <p class="soft">Two people, and a link for each of them.</p>
        <form @submit=${this.submit} novalidate>
          ${this.choice()} ${this.asked.map((role) => this.person(role))}
          ${this.trouble ? notice(this.trouble) : nothing}
          <div><button class="filled" ?disabled=${this.busy}>Make the links</button></div>
          ${this.busy ? html`<p class="soft late" role="status">Making the links…</p>` : nothing}
        </form>
        <datalist id="zones">${this.zones.map((zone) => html`<option value=${zone}></option>`)}</datalist>
      </main>
    `;
  }

  /** Whose entries are asked for: not those of one whom this server knows already. */
  private get asked(): readonly Role[] {
    return ROLES.filter((role) => !this.state.me || this.iAm !== role);
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
    const own = this.iAm === role && this.entries[`${role}.zone`] === undefined;
    return html`
      <fieldset>
        <legend>The ${role}</legend>
        ${this.field(`${role}.name`, LABELS.name, { autocomplete: "off" })}
        ${this.field(`${role}.zone`, LABELS.zone, {
          list: "zones",
          placeholder: "Such as America/Lima",
          hint: own ? "Taken from this browser." : "",
        })}
        ${this.field(`${role}.email`, LABELS.email, {
          type: "email",
          autocomplete: "off",
          hint: KEPT,
        })}
      </fieldset>
    `;
  }

  private field(
    entry: Entry,
    label: string,
    more: {
      type?: string;
      list?: string;
      autocomplete?: "off";
      placeholder?: string;
      hint?: string;
    },
  ): unknown {
    const wrong = this.wrong[entry];
    return html`
      <div class="field">
        <label for=${entry}>${label}</label>
        <input
          id=${entry}
          dir=${entry.endsWith("name") ? "auto" : "ltr"}
          type=${more.type ?? "text"}
          .value=${this.entry(entry)}
          list=${more.list ?? nothing}
          autocomplete=${more.autocomplete ?? nothing}
          placeholder=${more.placeholder ?? nothing}
          aria-invalid=${wrong ? "true" : nothing}
          aria-describedby="${entry}-error ${entry}-hint"
          @input=${(event: InputEvent) =>
            this.write(entry, (event.target as HTMLInputElement).value)}
        />
        <p class="error" id="${entry}-error" ?hidden=${!wrong}>${wrong}</p>
        <p class="small soft" id="${entry}-hint" ?hidden=${!more.hint}>${more.hint}</p>
      </div>
    `;
  }

  /** What stands in a field: what was written; in one's own zone, until then, this browser's. */
  private entry(entry: Entry): string {
    const own = this.iAm !== null && entry === `${this.iAm}.zone`;
    return this.entries[entry] ?? (own ? this.zone : "");
  }

  private write(entry: Entry, value: string): void {
    this.entries = { ...this.entries, [entry]: value };
    this.wrong = { ...this.wrong, [entry]: "" };
  }

  private personOf(role: Role): NewPerson {
    const said = (field: Field): string => this.entry(`${role}.${field}`).trim();
    return { name: said("name"), zone: zoneOf(said("zone"), this.zones), email: said("email") };
  }

  private async submit(event: Event): Promise<void> {
    event.preventDefault();
    if (this.busy) return;
    const { asked } = this;
    this.trouble = null;
    for (const role of asked) this.write(`${role}.zone`, this.personOf(role).zone);
    this.wrong = Object.fromEntries(
      asked.flatMap((role) =>
        Object.entries(personTroubles(this.personOf(role), this.zones)).map(([field, words]) => [
          `${role}.${field}`,
          words,
        ]),
      ),
    );
    if (!Object.keys(this.wrong).length) await this.make(asked);
    await this.updateComplete;
    const wrong = this.renderRoot.querySelector<HTMLElement>("[aria-invalid]");
    (this.made ? this.renderRoot.querySelector("h1") : wrong)?.focus();
  }

  private async make(asked: readonly Role[]): Promise<void> {
    this.busy = true;
    try {
      this.made = await this.app.startMentorship({
        mentor: asked.includes("mentor") ? this.personOf("mentor") : null,
        mentee: asked.includes("mentee") ? this.personOf("mentee") : null,
        i_am: this.state.me ? this.iAm : null,
      });
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      const { field, trouble } = error;
      const here = field && this.renderRoot.querySelector(`[id="${CSS.escape(field)}"]`);
      if (here) this.wrong = { [field]: `${trouble.what} ${trouble.advice}` };
      else this.trouble = trouble;
    } finally {
      this.busy = false;
    }
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
        <div class="links">${made.links.map((link) => this.link(link))}</div>
        ${
          this.state.me && this.iAm
            ? html`<p><a class="button filled" href=${paths.prejoin(made.mentorship)}>Go there</a></p>`
            : nothing
        }
        <p><a href=${paths.home}>To the start</a></p>
      </main>
    `;
  }

  private link({ person, role, url }: InvitationLink): unknown {
    return html`
      <section class="card">
        <h2>For <bdi>${person.name}</bdi>, the ${role}</h2>
        <ith-copy .text=${url} .label="Link for ${person.name}"></ith-copy>
        ${
          this.iAm === role
            ? html`<p class="small">
              This one is yours:
              <a href=${url} target="_blank" rel="noopener noreferrer">open it in a new tab</a>.
            </p>`
            : nothing
        }
      </section>
    `;
  }
}
