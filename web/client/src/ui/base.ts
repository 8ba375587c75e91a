/** The styles that all elements share: text, buttons, fields, cards, notices. */
import { css } from "lit";

export const base = css`
  *,
  *::before,
  *::after {
    box-sizing: border-box;
  }
  :host {
    display: block;
    overflow-wrap: anywhere;
  }
  [hidden] {
    display: none !important;
  }
  h1,
  h2,
  h3,
  p,
  ul,
  ol,
  dl,
  dd,
  figure {
    margin: 0;
    padding: 0;
  }
  ul,
  ol {
    list-style: none;
  }
  h1,
  h2,
  h3 {
    line-height: 1.2;
    font-weight: 600;
    text-wrap: balance;
  }
  h1 {
    font-size: var(--headline);
  }
  h2 {
    font-size: var(--title);
  }
  h3 {
    font-size: var(--large);
  }
  :focus-visible {
    outline: 2px solid var(--sea);
    outline-offset: 2px;
    scroll-margin: 8px; /* what scrolls to it brings the ring into sight too */
  }
  a {
    color: var(--sea);
    text-underline-offset: 2px;
  }
  .soft {
    color: var(--ink-soft);
  }
  .small {
    font-size: var(--small);
  }
  .number,
  time {
    font-variant-numeric: tabular-nums;
  }
  .hidden {
    position: absolute;
    width: 1px;
    height: 1px;
    margin: -1px;
    overflow: hidden;
    clip-path: inset(50%);
    white-space: nowrap;
    user-select: none; /* not into what one copies */
  }
  /* What says that one waits comes only when the wait is felt. */
  .late {
    animation: appear 0s linear 400ms both;
  }
  @keyframes appear {
    from {
      visibility: hidden;
    }
  }
`;

export const controls = css`
  button,
  .button {
    display: inline-flex;
    align-items: center;
    justify-content: center;
    gap: 8px;
    min-width: 44px;
    min-height: 44px;
    padding: 8px 16px;
    border: 1px solid var(--edge);
    border-radius: var(--radius);
    background: var(--surface);
    color: var(--ink);
    font: inherit;
    font-weight: 500;
    text-decoration: none;
    cursor: pointer;
    transition: background var(--quick);
  }
  button:hover,
  .button:hover {
    background: color-mix(in oklab, var(--ink) 6%, var(--surface));
  }
  .filled {
    border-color: transparent;
    background: var(--sea);
    color: var(--paper);
  }
  .filled:hover {
    background: color-mix(in oklab, var(--ink) 16%, var(--sea));
  }
  .clay {
    border-color: var(--clay);
    color: var(--clay);
  }
  .plain {
    border-color: transparent;
    background: none;
    color: var(--sea);
  }
  .plain:focus-visible {
    outline-offset: -3px; /* it may stand at the very edge of what holds it, or beyond */
  }
  .plain:hover {
    background: color-mix(in oklab, var(--sea) 10%, transparent);
  }
  .field {
    display: grid;
    gap: 4px;
  }
  label,
  .label,
  legend {
    font-weight: 500;
  }
  input:not([type="radio"]),
  select,
  textarea {
    width: 100%;
    min-height: 44px;
    padding: 8px 12px;
    border: 1px solid var(--edge);
    border-radius: var(--radius);
    background: var(--surface);
    color: var(--ink);
    font: inherit;
  }
  ::placeholder {
    color: var(--ink-soft);
    opacity: 1;
  }
  input {
    accent-color: var(--sea);
  }
  [aria-invalid="true"] {
    border-color: var(--clay) !important;
  }
  .error {
    color: var(--clay);
    font-size: var(--small);
  }
  .notice {
    display: grid;
    gap: 8px;
    justify-items: start;
    padding: 12px 16px;
    border-inline-start: 3px solid var(--amber);
    border-radius: var(--radius);
    background: color-mix(in oklab, var(--amber) 9%, var(--surface));
  }
  .card {
    padding: 16px;
    border: 1px solid var(--line);
    border-radius: var(--radius);
    background: var(--surface);
  }
  .row {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    gap: 8px;
  }
  .badge {
    display: inline-block;
    min-width: 22px;
    padding: 0 6px;
    border-radius: 999px;
    background: var(--sea);
    color: var(--paper);
    font-size: var(--small);
    font-variant-numeric: tabular-nums;
    line-height: 22px;
    text-align: center;
  }
`;

/** The frame of a page that is read: one column, a measure that reads well. */
export const column = css`
  main {
    display: grid;
    grid-template-columns: minmax(0, 1fr);
    gap: 24px;
    width: 100%;
    max-width: 42rem;
    margin: 0 auto;
    padding: 68px 16px 48px; /* the way home stands above */
  }
`;
