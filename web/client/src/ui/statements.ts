import { css, html, nothing } from "lit";
import { customElement, state } from "lit/decorators.js";
import { guard } from "lit/directives/guard.js";

import { AskAgain } from "../lib/ask-again.js";
import { Refused, type AppState, type Trouble } from "../lib/model.js";
import type { PersonView, Statement, StatementLine } from "../protocol/types.js";
import { base, column, controls } from "./base.js";
import { AppElement } from "./element.js";
import { notice } from "./parts/notice.js";
import "./parts/wait.js";
import { paths } from "./route.js";
import { save } from "./save.js";
import {
  amountWords,
  dayWords,
  monthOf,
  months,
  oldWords,
  recordWords,
  roleOf,
  stateWords,
  sumRows,
  usualRole,
  withWhom,
  type Role,
} from "./words/statement.js";
import { brief, exact, monthName, theirClock } from "./words/time.js";

/** What a month's sessions come to: to look through, to keep as a file, to print. */
@customElement("ith-statements")
export class Statements extends AppElement {
  static override styles = [
    base,
    controls,
    column,
    css`
      main {
        max-width: 56rem;
      }
      .pick {
        display: grid;
        grid-template-columns: repeat(2, minmax(0, 1fr));
        gap: 12px;
        align-items: end;
      }
      .pick .field {
        grid-column: 1 / -1;
      }
      @media (min-width: 800px) {
        .pick {
          grid-template-columns: repeat(2, minmax(0, 1fr)) auto auto;
        }
        .pick .field {
          grid-column: auto;
        }
      }
      button:disabled {
        border-color: var(--line);
        color: var(--ink-soft);
        cursor: default;
      }
      section {
        display: grid;
        grid-template-columns: minmax(0, 1fr);
        gap: 8px;
      }
      table {
        width: 100%;
        border-collapse: collapse;
        table-layout: fixed;
      }
      th:first-child,
      th.amount {
        width: 8rem;
      }
      th.time {
        width: 6rem;
      }
      th.state {
        width: 10rem;
      }
      @media (min-width: 800px) {
        th.state {
          width: 14rem; /* all of it in one line */
        }
      }
      th,
      td {
        padding: 8px 12px 8px 0;
        border-block-end: 1px solid var(--line);
        text-align: start;
        vertical-align: top;
      }
      th {
        color: var(--ink-soft);
        font-size: var(--small);
        font-weight: 600;
      }
      th.sum,
      td.sum {
        text-align: end;
      }
      td.sum,
      td:first-child {
        white-space: nowrap;
      }
      td a {
        display: inline-block;
        padding-block: 10px;
        margin-block: -10px;
      }
      .sums {
        display: grid;
        grid-template-columns: repeat(auto-fit, minmax(min(100%, 17rem), 1fr));
        gap: 16px;
      }
      .card {
        align-content: start;
      }
      .pick button,
      dd {
        white-space: nowrap;
      }
      dl div {
        display: flex;
        justify-content: space-between;
        gap: 16px;
        padding-block: 4px;
      }
      .strong {
        font-weight: 600;
      }
      .paper {
        display: none;
      }
      /* Three columns on a phone: with whom below when, how it stands below the amount. */
      @media (max-width: 599px) {
        tbody tr {
          display: grid;
          grid-template-columns: minmax(0, 1fr) auto;
          gap: 0 12px;
          padding-block: 8px;
          border-block-end: 1px solid var(--line);
        }
        td {
          padding: 0;
          border: 0;
        }
        td.who {
          grid-area: 2 / 1;
        }
        td.amount {
          grid-area: 1 / 2;
        }
        td.state {
          grid-area: 2 / 2;
          text-align: end;
        }
        td.time {
          grid-area: 3 / 1;
          text-align: start;
        }
        thead {
          position: absolute;
          clip-path: inset(50%);
        }
      }
      @media print {
        main {
          max-width: none;
          padding: 0;
        }
        .pick,
        .file,
        .ways {
          display: none;
        }
        .paper {
          display: block;
        }
        tr,
        .card {
          break-inside: avoid;
        }
        thead {
          display: table-header-group;
        }
        a {
          color: inherit;
          text-decoration: none;
        }
      }
    `,
  ];
  @state() private month = "";
  @state() private asRole: Role = "mentor";
  @state() private shown: Statement | null = null;
  @state() private trouble: Trouble | null = null;
  @state() private fileTrouble: Trouble | null = null;
  private known = ""; // of all sessions, when the statement was asked for
  private cutOff = false;
  private onScreen = "";
  private readonly again = new AskAgain({
    random: Math.random,
    after: (ms, run) => {
      const timer = setTimeout(run, ms);
      return () => clearTimeout(timer);
    },
    ask: () => void this.load(true),
  });
  private readonly toPaper = (): void => {
    this.onScreen = document.title;
    const { me } = this.state;
    document.title = `Statement ${monthName(this.month)}, ${me?.name ?? ""}`;
  };
  private readonly fromPaper = (): void => {
    if (this.onScreen) document.title = this.onScreen;
    this.onScreen = "";
  };

  protected override watch(state: AppState): readonly unknown[] {
    return [state.me, state.phase, state.sessions, state.link];
  }

  override connectedCallback(): void {
    super.connectedCallback();
    addEventListener("beforeprint", this.toPaper);
    addEventListener("afterprint", this.fromPaper);
  }

  override disconnectedCallback(): void {
    this.again.answered();
    removeEventListener("beforeprint", this.toPaper);
    removeEventListener("afterprint", this.fromPaper);
    super.disconnectedCallback();
  }

  protected override willUpdate(): void {
    const { me, mentorships, phase } = this.state;
    if (this.month) this.follow();
    if (this.month || !me || phase !== "ready") return;
    const asked = new URLSearchParams(location.search);
    const known = months(mentorships, me.zone, this.app.nowUs());
    const month = asked.get("month") ?? "";
    this.asRole = roleOf(asked.get("role")) ?? usualRole(mentorships, me);
    this.month = known.includes(month) ? month : monthOf(me.zone, this.app.nowUs());
    void this.load();
  }

  /** Asked for again when a session has ended, was contested, corrected or confirmed; and after an
   * outage, in which news of that may have been missed. */
  private follow(): void {
    const online = this.state.link.is === "online";
    const missed = online && this.cutOff;
    this.cutOff = !online;
    if (missed || (online && this.known !== settledOf(this.state))) void this.load(true);
  }

  /** What is picked stands in the address, so that one comes back to it from an account. */
  private pick(month: string, role: Role): void {
    this.month = month;
    this.asRole = role;
    history.replaceState(null, "", `${paths.statements}?month=${month}&role=${role}`);
    void this.load();
  }

  /** `quietly`: what is shown stays until there is something newer; where that cannot be had, it is
   * said to be old, and asked for again. */
  private async load(quietly = false): Promise<void> {
    const { month, asRole: role } = this;
    const known = (this.known = settledOf(this.state));
    const overtaken = (): boolean =>
      month !== this.month || role !== this.asRole || known !== this.known;
    if (!quietly) {
      this.again.answered();
      this.shown = null;
      this.trouble = this.fileTrouble = null;
    }
    try {
      const statement = await this.app.ledger.statement(role, month);
      if (overtaken()) return;
      this.again.answered();
      this.shown = statement;
      this.trouble = null;
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      if (overtaken()) return;
      this.trouble = error.trouble;
      if (this.shown) this.again.refused(error.trouble);
    }
  }

  private async download(format: "csv" | "json"): Promise<void> {
    this.fileTrouble = null;
    try {
      save(await this.app.ledger.statementFile(this.asRole, this.month, format));
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      this.fileTrouble = error.trouble;
    }
  }

  // ---- the page ----------------------------------------------------------------------------------

  override render(): unknown {
    const { me } = this.state;
    if (!me || !this.month) return nothing;
    return html`
      <main id="main">
        <h1 tabindex="-1">Statement for ${monthName(this.month)}</h1>
        <p class="paper"><bdi>${me.name}</bdi>, as ${this.asRole}. Times in ${me.zone}.</p>
        ${this.picker(me)} ${this.shown ? [this.old(), this.statement(this.shown, me)] : this.waiting()}
        <div class="row ways"><a class="button filled" href=${paths.home}>Done</a></div>
      </main>
    `;
  }

  private picker(me: PersonView): unknown {
    const known = months(this.state.mentorships, me.zone, this.app.nowUs());
    const at = known.indexOf(this.month);
    const step = (to: string | undefined, words: string): unknown => html`
      <button ?disabled=${to === undefined} @click=${() => to && this.pick(to, this.asRole)}>${words}</button>
    `;
    return html`
      <div class="pick">
        <div class="field">
          <label for="month">Month</label>
          <select id="month" @change=${(event: Event) => this.pick(valueOf(event), this.asRole)}>
            ${known.map(
              (month) =>
                html`<option value=${month} ?selected=${month === this.month}>${monthName(month)}</option>`,
            )}
          </select>
        </div>
        <div class="field">
          <label for="role">My sessions</label>
          <select
            id="role"
            @change=${(event: Event) => this.pick(this.month, roleOf(valueOf(event)) ?? this.asRole)}
          >
            <option value="mentor" ?selected=${this.asRole === "mentor"}>as mentor</option>
            <option value="mentee" ?selected=${this.asRole === "mentee"}>as mentee</option>
          </select>
        </div>
        ${step(known[at + 1], "Month before")} ${step(known[at - 1], "Month after")}
      </div>
    `;
  }

  private waiting(): unknown {
    if (!this.trouble) return html`<ith-wait words="Fetching the statement…"></ith-wait>`;
    return notice(this.trouble, html`<button @click=${() => this.load()}>Try again</button>`);
  }

  private old(): unknown {
    if (!this.trouble) return nothing;
    return notice(
      oldWords(this.trouble),
      html`<button class="ways" @click=${() => this.load(true)}>Try again</button>`,
    );
  }

  private statement(statement: Statement, me: PersonView): unknown {
    const counted = statement.lines.filter(({ state }) => state !== "contested");
    const contested = statement.lines.filter(({ state }) => state === "contested");
    if (!statement.lines.length) {
      return html`<p>
        No session of yours as ${statement.role} has ended in ${monthName(statement.month)}.
      </p>`;
    }
    return html`
      ${this.sums(statement)}
      ${counted.length ? this.lines("Sessions", counted, statement, me) : nothing}
      ${
        contested.length
          ? html`${this.lines("Contested", contested, statement, me)}
            <p class="small soft">Each is held until the two of you agree; until then it is not added up.</p>`
          : nothing
      }
      <div class="file">
        <div class="row">
          <button @click=${() => this.download("csv")}>Download CSV</button>
          <button @click=${() => this.download("json")}>Download JSON</button>
          <button @click=${() => print()}>Print</button>
        </div>
        ${this.fileTrouble ? notice(this.fileTrouble) : nothing}
      </div>
    `;
  }

  private sums({ sums, role }: Statement): unknown {
    if (!sums.length) return nothing;
    return html`
      <div class="sums">
        ${sums.map(
          (sum) => html`
            <section class="card" aria-label="Sum in ${sum.currency ?? "no currency"}">
              <h2>${sum.currency ?? "Free of charge"}</h2>
              <dl>
                ${sumRows(sum, role).map(
                  ({ label, value, strong }) => html`
                    <div class=${strong ? "strong" : ""}>
                      <dt>${label}</dt>
                      <dd class="number">${value}</dd>
                    </div>
                  `,
                )}
              </dl>
            </section>
          `,
        )}
      </div>
    `;
  }

  /** Drawn once a statement, and once a zone: there may be a thousand. */
  private lines(
    heading: string,
    lines: readonly StatementLine[],
    statement: Statement,
    me: PersonView,
  ): unknown {
    const { role } = statement;
    return html`
      <section>
        <h2>${heading}</h2>
        <table role="table">
          <thead role="rowgroup">
            <tr role="row">
              <th role="columnheader" scope="col">Began</th>
              <th role="columnheader" scope="col">With</th>
              <th role="columnheader" scope="col" class="sum time">Billed</th>
              <th role="columnheader" scope="col" class="sum amount">Amount</th>
              <th role="columnheader" scope="col" class="state">State</th>
            </tr>
          </thead>
          <tbody role="rowgroup">
            ${guard([statement, heading, me], () => lines.map((line) => this.line(line, role, me)))}
          </tbody>
        </table>
      </section>
    `;
  }

  private line(line: StatementLine, role: Role, me: PersonView): unknown {
    const other = withWhom(line, role);
    const title = [exact(me.zone, line.at_us), theirClock(line.at_us, me, other)];
    return html`
      <tr role="row">
        <td role="cell">
          <a class="number" href=${paths.summary(line.session)} title=${title.filter(Boolean).join("; ")}
            >${dayWords(me.zone, line.at_us)}</a
          >
        </td>
        <td role="cell" class="who">
          <bdi>${other.name}</bdi>
          <div class="paper small soft number">${recordWords(line)}</div>
        </td>
        <td role="cell" class="sum number time">${brief(line.bill.billed_us)}</td>
        <td role="cell" class="sum number amount">${amountWords(line)}</td>
        <td role="cell" class="state soft">${stateWords(line)}</td>
      </tr>
    `;
  }
}

/** How all ended sessions stand that this page knows of: another word as soon as one changes. */
const settledOf = ({ sessions }: AppState): string =>
  Object.values(sessions)
    .flat()
    .filter(({ state }) => state === "ended")
    .map(({ id, version }) => `${id} ${version}`)
    .join();

const valueOf = (event: Event): string => (event.target as HTMLSelectElement).value;
