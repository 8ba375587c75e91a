import { html } from "lit";
import { customElement } from "lit/decorators.js";

import { MINOR_DIGITS } from "../../protocol/types.js";
import { termsEntries, termsOf, type TermsEntries, type TermsField } from "../words/arrange-form.js";
import { full, type Full } from "../words/terms.js";
import { ArrangeForm } from "./form.js";

const CURRENCIES = Object.keys(MINOR_DIGITS).map((code) => [code, code] as const);
const UNITS = [1, 5, 10, 15, 30, 60].map((n) => [String(n), `${n} min`] as const);
const OVERRUNS = [
  ["0", "Not possible"],
  ...[5, 10, 15, 20, 30, 60].map((n) => [String(n), `Up to ${n} min`] as const),
] as const;
const NO_SHOWS = [
  ["0", "Nothing"],
  ["50", "Half of the booked time"],
  ["100", "The booked time"],
] as const;

/** What the time together is to be worth. */
@customElement("ith-terms-form")
export class TermsForm extends ArrangeForm<TermsField> {
  private get base(): Full {
    const { proposal, agreement } = this.mentorship;
    return full((proposal ?? agreement)?.terms ?? {});
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
            "Left empty: free of charge.",
          )}
          ${this.field("terms.currency", "Currency", this.select("terms.currency", CURRENCIES))}
        </div>
        <div class="pair">
          ${this.field("terms.unit_us", "Billed in steps of", this.select("terms.unit_us", UNITS))}
          ${this.field(
            "terms.grace_us",
            "Grace, in minutes",
            this.input("terms.grace_us", "text", "decimal"),
            "Gaps up to this long count.",
          )}
        </div>
        ${this.field(
          "terms.overrun_us",
          "Going on past the end of a meeting",
          this.select("terms.overrun_us", OVERRUNS),
          "Only once the mentee says so in the call.",
        )}
        <div class="pair">
          ${this.field(
            "terms.no_show_share",
            "A mentee who does not come owes",
            this.select("terms.no_show_share", NO_SHOWS),
          )}
          ${this.field(
            "terms.no_show_after_us",
            "After a wait of, in minutes",
            this.input("terms.no_show_after_us", "text", "decimal"),
          )}
        </div>
      `,
      html`<button class="filled" ?disabled=${this.busy}>Propose</button>`,
    );
  }

  protected override asked(): ReturnType<ArrangeForm<TermsField>["asked"]> {
    const { terms, wrong } = termsOf(this.entries, this.base);
    const { id } = this.mentorship;
    return { wrong, send: () => this.app.arrange.propose(id, { terms }) };
  }
}
