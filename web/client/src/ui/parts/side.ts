import { css, html } from "lit";
import { customElement, property } from "lit/decorators.js";

import type { AppState } from "../../lib/model.js";
import { base, controls } from "../base.js";
import { AppElement, Media, WIDE } from "../element.js";
import { otherOf } from "../words/people.js";
import "../conversation/conversation.js";
import "./sheet.js";

/** The conversation beside a page: a panel where there is width, a sheet where there is not.
 * `open` is the owner's; `close` (event) asks for it to become false. */
@customElement("ith-side")
export class Side extends AppElement {
  static override styles = [
    base,
    controls,
    css`
      aside {
        display: flex;
        flex-direction: column;
        width: 360px;
        height: 100%;
        border-inline-start: 1px solid var(--line);
        background: var(--surface);
      }
      h2 {
        padding: 16px;
        border-bottom: 1px solid var(--line);
        font-size: var(--large);
      }
      ith-conversation {
        flex: 1;
      }
    `,
  ];
  @property() mentorship = "";
  @property({ type: Boolean }) open = false;
  private readonly wide = new Media(this, WIDE);

  protected override watch(state: AppState): readonly unknown[] {
    return [state.mentorships, state.me];
  }

  override render(): unknown {
    const view = this.state.mentorships.find((each) => each.id === this.mentorship);
    const { me } = this.state;
    if (!view || !me) return html``;
    const { name } = otherOf(view, me).person;
    const conversation = html`
      <ith-conversation .app=${this.app} .mentorship=${view.id}></ith-conversation>
    `;
    if (!this.wide.matches) {
      return html`
        <ith-sheet tall .heading=${name} .open=${this.open} @close=${this.close}>
          ${this.open ? conversation : html``}
        </ith-sheet>
      `;
    }
    return html`
      <aside aria-label="Conversation" ?hidden=${!this.open}>
        <h2><bdi>${name}</bdi></h2>
        ${this.open ? conversation : html``}
      </aside>
    `;
  }

  private close(): void {
    this.dispatchEvent(new Event("close"));
  }
}
