import { LitElement, css, type PropertyValues } from "lit";
import { customElement, property } from "lit/decorators.js";
import { createElement, type IconNode } from "lucide";

/** A drawing beside words; it says nothing by itself. `of` is one of lucide's icons. */
@customElement("ith-icon")
export class Icon extends LitElement {
  static override styles = css`
    :host {
      display: inline-flex;
      flex: none;
    }
    svg {
      width: 20px;
      height: 20px;
      stroke-width: 1.75;
    }
  `;
  @property({ attribute: false }) of!: IconNode;

  override updated(changed: PropertyValues<this>): void {
    if (!changed.has("of")) return;
    const drawing = createElement(this.of);
    drawing.setAttribute("aria-hidden", "true");
    this.renderRoot.replaceChildren(drawing);
  }
}
