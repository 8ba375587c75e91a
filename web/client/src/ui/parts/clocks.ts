import { LitElement, html } from "lit";
import { customElement, property } from "lit/decorators.js";

import type { App } from "../../lib/model.js";
import type { PersonView } from "../../protocol/types.js";
import { base } from "../base.js";
import { Ticking } from "../element.js";
import { bothClocks, theirClock } from "../words/time.js";

/** What time it is for both, or (`only-theirs`) for the other; changes with each minute. */
@customElement("ith-clocks")
export class Clocks extends LitElement {
  static override styles = base;
  @property({ attribute: false }) app!: App;
  @property({ attribute: false }) me!: PersonView;
  @property({ attribute: false }) other!: PersonView;
  @property({ type: Boolean, attribute: "only-theirs" }) onlyTheirs = false;

  constructor() {
    super();
    new Ticking(this, 60_000, () => this.app.nowUs());
  }

  override render(): unknown {
    const words = this.onlyTheirs ? theirClock : bothClocks;
    return html`<span class="number">${words(this.app.nowUs(), this.me, this.other)}</span>`;
  }
}
