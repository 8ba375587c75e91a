import { css, html, nothing, type LitElement } from "lit";
import { customElement, property } from "lit/decorators.js";

import type { AppState } from "../../lib/model.js";
import type { Member, MentorshipView, PersonView } from "../../protocol/types.js";
import { base, controls } from "../base.js";
import { AppElement, Media, WIDE } from "../element.js";
import { hereWords } from "../words/chat.js";
import { unknownWords } from "../words/link.js";
import { otherOf } from "../words/people.js";
import { reaches, wasNotTaken } from "../words/safety.js";
import "../conversation/conversation.js";
import "./sheet.js";

/** The conversation beside a page: a panel where there is width, a sheet where there is not. The sheet
 * covers what the page says of the other: with `meeting` it says it too, and `join` (event) is asked
 * for there when they are in the room. What an owner puts into the slot `below` stands there too.
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
      /* As high with *Join* as without, whatever is said: the log below stays where it is. */
      .below {
        box-sizing: border-box;
        min-height: 53px;
        display: flex;
        gap: 8px;
        align-items: center;
        justify-content: space-between;
        padding: 0 16px 8px;
        border-bottom: 1px solid var(--line);
      }
      .below p {
        min-width: 0;
        overflow: hidden;
        text-overflow: ellipsis;
        white-space: nowrap;
      }
      .below button {
        flex: none;
      }
    `,
  ];
  @property() mentorship = "";
  @property({ type: Boolean }) open = false;
  @property({ type: Boolean }) meeting = false;
  private readonly wide = new Media(this, WIDE);

  protected override watch(state: AppState): readonly unknown[] {
    return [state.mentorships, state.me, state.link.is, state.conversations, state.call];
  }

  override render(): unknown {
    const view = this.state.mentorships.find((each) => each.id === this.mentorship);
    const { me } = this.state;
    if (!view || !me) return html``;
    const other = otherOf(view, me);
    const { name } = other.person;
    const conversation = html`
      <ith-conversation .app=${this.app} .mentorship=${view.id}></ith-conversation>
    `;
    if (!this.wide.matches) {
      return html`
        <ith-sheet tall .heading=${name} .open=${this.open} @close=${this.close}>
          ${this.meeting && reaches(view) ? this.below(other, me, view) : nothing}
          <slot name="below" slot="below"></slot>
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

  /** Its sheet too is open, or closed and the focus out of it. */
  protected override async getUpdateComplete(): Promise<boolean> {
    const done = await super.getUpdateComplete();
    await this.renderRoot.querySelector<LitElement>("ith-sheet")?.updateComplete;
    return done;
  }

  private below(other: Member, me: PersonView, view: MentorshipView): unknown {
    const known = this.state.link.is === "online";
    const mayWrite = !wasNotTaken(this.state, view);
    const here = hereWords(other, me.zone, this.app.nowUs(), mayWrite);
    return html`
      <div slot="below" class="below">
        <p class="small soft" role="status">${known ? here : unknownWords(other.person.name)}.</p>
        ${
          known && other.presence === "in_room"
            ? html`<button class="filled" @click=${() => this.dispatchEvent(new Event("join"))}>
              Join
            </button>`
            : nothing
        }
      </div>
    `;
  }

  private close(): void {
    this.dispatchEvent(new Event("close"));
  }
}
