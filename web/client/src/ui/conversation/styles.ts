/** How a conversation is laid out around its messages. */
import { css } from "lit";

export const conversationStyles = css`
  :host {
    position: relative;
    display: flex;
    flex-direction: column;
    min-height: 0;
    height: 100%;
  }
  .bar {
    display: flex;
    gap: 4px;
    align-items: center;
    padding: 0 8px;
    border-block-end: 1px solid var(--line);
  }
  .bar .plain {
    flex: none;
    padding-inline: 8px;
    font-size: var(--small);
    white-space: nowrap;
  }
  .room {
    flex: 1;
  }
  .bar .pins {
    flex: 0 1 auto;
    justify-content: flex-start;
  }
  .bar ith-icon {
    zoom: 0.8;
  }
  .one {
    min-width: 0;
    overflow: hidden;
    text-overflow: ellipsis;
    white-space: nowrap;
  }
  .log {
    position: relative; /* what is there for screen readers alone scrolls along */
    flex: 1;
    min-height: 0;
    padding: 8px 16px;
    overflow: auto;
    overflow-anchor: none; /* the position is kept by hand, alike in all browsers */
    overscroll-behavior: contain;
  }
  .log:focus-visible {
    outline-offset: -2px;
  }
  .line {
    display: flex;
    align-items: center;
    gap: 12px;
    padding-block: 16px 8px;
    color: var(--ink-soft);
    font-size: var(--small);
  }
  .line::before,
  .line::after {
    content: "";
    flex: 1;
    height: 1px;
    background: var(--line);
  }
  .line::before,
  .line::after {
    min-width: 12px;
  }
  .line > * {
    max-width: calc(100% - 48px);
    text-align: center;
    text-wrap: balance;
    font-variant-numeric: tabular-nums;
  }
  a.line {
    min-height: 44px;
    padding-block: 8px 4px;
    text-decoration: none;
  }
  a.line span {
    text-decoration: underline;
    text-underline-offset: 2px;
  }
  .line.new {
    color: var(--sea);
    font-weight: 600;
  }
  .line.new::before,
  .line.new::after {
    background: var(--sea);
  }
  .load {
    padding-inline: 16px;
  }
  .rest {
    padding: 8px 16px 12px;
  }
  .rest ith-standing {
    margin-block-end: 8px;
  }
  .now {
    min-height: 1.5em;
    overflow: hidden;
    text-overflow: ellipsis;
    white-space: nowrap;
  }
  .notice {
    margin: 8px 16px 0;
  }
  .leads {
    display: flex;
    justify-content: center;
    padding: 8px 16px 0;
  }
  .leads button {
    border-radius: 999px;
  }
  .middle {
    display: grid;
    place-content: center;
    min-height: 100%;
    padding: 16px;
    text-align: center;
  }
  /* While one writes, and the keyboard has taken half of the screen. */
  @media (max-height: 480px) and (pointer: coarse) {
    :host([writing]) .bar,
    :host([writing]) .now {
      display: none;
    }
    .rest {
      padding-block: 4px 8px;
    }
  }
  @media (pointer: coarse) {
    .entry {
      user-select: none; /* a long touch opens what one can do; copying is there */
      -webkit-touch-callout: none;
    }
  }
`;
