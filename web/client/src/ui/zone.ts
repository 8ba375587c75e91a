import { LitElement, css, html, nothing } from "lit";
import { customElement, property, query, state } from "lit/decorators.js";

import type { App } from "../lib/model.js";
import type { PersonView } from "../protocol/types.js";
import { Asking } from "./asking.js";
import { base, controls } from "./base.js";
import { InSheet } from "./parts/in-sheet.js";
import { notice } from "./parts/notice.js";
import { zoneOf, zoneTrouble } from "./words/form.js";
import { cityOf } from "./words/time.js";
import { zoneHint, zoneNow, zoneStays, type ZoneHint as Hint } from "./words/zone.js";

/** To who travels: that times are by another clock than this machine's, and the way to change that. */
@customElement("ith-zone-hint")
export class ZoneHint extends LitElement {
  static override styles = [
    base,
    controls,
    css`
      :host(:not([says])) {
        position: absolute; /* takes no room, nor the space around it */
      }
    `,
  ];
  @property({ attribute: false }) app!: App;
  @property({ attribute: false }) me!: PersonView;
  @property({ type: Boolean, reflect: true }) says = false;
  @state() private done = "";
  private readonly asking = new Asking(this);

  private get hint(): Hint | null {
    const { zones } = this.app;
    return zones.isAsked ? zoneHint(this.me.zone, zones.here, this.app.nowUs()) : null;
  }

  protected override willUpdate(): void {
    this.says = this.hint !== null || this.done !== "";
  }

  override render(): unknown {
    const { hint } = this;
    const { busy, trouble } = this.asking;
    if (!hint) return html`<p class="small soft" aria-live="polite">${this.done}</p>`;
    return html`
      <div class="notice small" aria-live="polite">
        <p>${hint.words}</p>
        ${trouble ? html`<p class="error">${trouble.what} ${trouble.advice}</p>` : nothing}
        <div class="row">
          <button aria-disabled=${busy} @click=${this.use}>${hint.use}</button>
          <button class="plain" @click=${this.keep}>${hint.keep}</button>
        </div>
      </div>
    `;
  }

  private async use(): Promise<void> {
    const { here } = this.app.zones;
    if (await this.asking.run(() => this.app.zones.use(here))) this.done = zoneNow(here);
  }

  private keep(): void {
    this.app.zones.keep();
    this.done = zoneStays(this.me.zone);
  }
}

/** By which clock one reads times: a sheet in which one changes it. */
@customElement("ith-zone")
export class Zone extends InSheet {
  static override styles = [
    ...InSheet.styles,
    css`
      .row {
        margin-block-start: 12px;
      }
    `,
  ];
  @property({ attribute: false }) me!: PersonView;
  protected readonly heading = "Your time zone";
  @state() private said = "";
  @state() private wrong = "";
  @query("input") private field!: HTMLInputElement;
  private readonly all = Intl.supportedValuesOf("timeZone");

  protected override opened(): void {
    [this.said, this.wrong] = [this.me.zone, ""];
  }

  protected override content(): unknown {
    const { busy, trouble } = this.asking;
    return html`
      <p>Times are shown to you by this clock, and the others read by it what time it is for you.</p>
      <form class="field" novalidate @submit=${this.save}>
        <label for="zone">Time zone</label>
        <input
          id="zone"
          dir="ltr"
          list="zones"
          autocomplete="off"
          placeholder="Such as America/Lima"
          aria-invalid=${this.wrong ? "true" : nothing}
          aria-describedby="zone-error"
          .value=${this.said}
          @input=${() => ([this.said, this.wrong] = [this.field.value, ""])}
        />
        <p class="error" id="zone-error" role="alert" ?hidden=${!this.wrong}>${this.wrong}</p>
        <datalist id="zones">${this.all.map((zone) => html`<option value=${zone}></option>`)}</datalist>
        ${trouble ? notice(trouble) : nothing}
        <div class="row">
          <button class="filled" aria-disabled=${busy}>Use it</button>
          ${
            this.app.zones.here && this.app.zones.here !== this.said
              ? html`<button type="button" @click=${this.here}>
                This device: ${cityOf(this.app.zones.here)}
              </button>`
              : nothing
          }
        </div>
      </form>
    `;
  }

  private here(): void {
    [this.said, this.wrong] = [this.app.zones.here, ""];
    this.field.focus();
  }

  private async save(event: Event): Promise<void> {
    event.preventDefault();
    if (this.asking.busy) return;
    const zone = zoneOf(this.said, this.all);
    this.wrong = zoneTrouble(zone, this.all);
    if (this.wrong) return this.field.focus();
    if (await this.asking.run(() => this.app.zones.use(zone))) this.close();
  }
}
