import { LitElement, css, html } from "lit";
import { customElement, property } from "lit/decorators.js";

import { initials } from "../words/people.js";

/** A person's first letters, beside the name; `here` marks that they can be met. */
@customElement("ith-avatar")
export class Avatar extends LitElement {
  static override styles = css`
    :host {
      position: relative;
      display: inline-flex;
      flex: none;
      align-self: start;
    }
    span {
      display: grid;
      place-items: center;
      width: var(--avatar, 44px);
      aspect-ratio: 1;
      border-radius: 50%;
      background: var(--sea-soft);
      color: var(--ink);
      font-size: calc(var(--avatar, 44px) * 0.36);
      font-weight: 600;
    }
    :host([here])::after {
      content: "";
      position: absolute;
      inset-block-end: 0;
      inset-inline-end: 0;
      width: 12px;
      height: 12px;
      border: 2px solid var(--surface);
      border-radius: 50%;
      background: var(--olive);
    }
  `;
  @property() name = "";
  @property({ type: Boolean, reflect: true }) here = false;

  override render(): unknown {
    return html`<span aria-hidden="true">${initials(this.name)}</span>`;
  }
}
