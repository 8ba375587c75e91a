import { html, type PropertyValues } from "lit";
import { customElement, state } from "lit/decorators.js";

import { MINOR_DIGITS } from "../../protocol/types.js";
import { MORE, termsEntries, termsOf, type TermsEntries, type TermsField } from "../words/arrange-form.js";
import { full, type Full } from "../words/terms.js";
import { brief } from "../words/time.js";
import { ArrangeForm } from "./form.js";

const CURRENCIES = Object.keys(MINOR_DIGITS).map((code) => [code, code] as const);
const UNITS = [1, 5, 10, 15, 30, 60].map((n) => [String(n), `${n} min`] as const);
const OVERRUNS = [
  ["0", "Not possible"],
  ...[5, 10, 15, 20, 30, 60].map((n) => [String(n), `Up to ${n} min`] as const),
] as const;
const NO_SHOWS = [
  ["0", "Nothing"],
  ["50", "Half the booked time"],
  ["100", "The booked time"],
] as const;

/** What the time together is to be worth. */
@customElement("ith-terms-form")
export class TermsForm extends ArrangeForm<TermsField> {
  @state() private more = false;

  private get isFree(): boolean {
    const { terms, wrong } = termsOf(this.entries, this.base);
    return !wrong["terms.rate_minor"] && !terms.rate_minor;
  }

  private get base(): Full {
    const { proposal, agreement } = this.mentorship;
    return full((proposal ?? agreement)?.terms ?? {});
  }

  protected override willUpdate(changed: PropertyValues<this>): void {
    super.willUpdate(changed);
    if (MORE.some((each) => this.wrong[each])) this.more = true;
  }

  /** Whoever unfolds it sees what it holds, not the foot of the sheet. */
  private toggled({ target }: Event): void {
    const details = target as HTMLDetailsElement;
    if (details.open && !this.more) details.querySelector("summary")?.scrollIntoView();
    this.more = details.open;
  }

  protected override fresh(): TermsEntries {
    return termsEntries(this.base, "EUR");
  }

  override render(): unknown {
    return this.form(
      html`
        <div class="pair">
          ${this.field(
            "terms.rate_minor",
            "Rate an hour",
            this.input("terms.rate_minor", "text", "decimal"),
            "0: free of charge.",
          )}
          ${this.field("terms.currency", "Currency", this.select("terms.currency", CURRENCIES))}
        </div>
        <div class="pair">
          ${this.field("terms.unit_us", "Billed in steps of", this.select("terms.unit_us", UNITS))}
          ${this.field(
            "terms.grace_us",
            "Short gaps, in minutes",
            this.input("terms.grace_us", "text", "decimal"),
            "Gaps up to this long count too.",
          )}
        </div>
        ${this.field(
          "terms.overrun_us",
          "Going on past the end of a meeting",
          this.select("terms.overrun_us", OVERRUNS),
          "Only once the mentee says so in the call.",
        )}
        <div class="pair wide">
          ${this.field(
            "terms.no_show_share",
            "A mentee who does not come owes",
            this.select("terms.no_show_share", NO_SHOWS),
            `If they chose the time, or it was set ${brief(this.base.no_show_notice_us)} ahead.`,
          )}
          ${this.field(
            "terms.no_show_after_us",
            "After a wait of, in minutes",
            this.input("terms.no_show_after_us", "text", "decimal"),
          )}
        </div>
        <details ?open=${this.more} @toggle=${this.toggled}>
          <summary>More terms</summary>
          <div class="pair">
            ${this.field(
              "terms.early_us",
              "Early start, in minutes",
              this.input("terms.early_us", "text", "decimal"),
              "Before a meeting's start; it counts if both are there.",
            )}
            ${this.field(
              "terms.tax_share",
              "Tax, in percent",
              this.input("terms.tax_share", "text", "decimal"),
              "Added to the price.",
            )}
          </div>
          <div class="pair">
            ${this.field(
              "terms.minimum_us",
              "At least, in minutes",
              this.input("terms.minimum_us", "text", "decimal"),
              "Billed for any session in which you talked.",
            )}
            ${this.field(
              "terms.cap_us",
              "At most, in minutes",
              this.input("terms.cap_us", "text", "decimal"),
              "Left empty: no limit.",
            )}
          </div>
        </details>
      `,
      html`<button class="filled" ?disabled=${this.asking.busy}>${this.isFree ? "Propose: free of charge" : "Propose"}</button>`,
    );
  }

  protected override asked(): ReturnType<ArrangeForm<TermsField>["asked"]> {
    const { terms, wrong } = termsOf(this.entries, this.base);
    const { id } = this.mentorship;
    return { wrong, send: () => this.app.arrange.propose(id, { terms }) };
  }
}
