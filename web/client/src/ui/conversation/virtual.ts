/** Of a long list only what is near is in the page. Its host draws the rows from `from` to `to` into one
 * box; this keeps the place: at the end while one follows, else the first message in sight stays where it
 * stands, whatever comes above or turns out higher than it was thought to be. */
import type { ReactiveController, ReactiveControllerHost } from "lit";

import type { Message } from "../../protocol/types.js";
import type { Anchor } from "../place.js";
import { guess, type Row } from "./rows.js";
import { Track } from "./track.js";

const NEAR_PX = 120; // this close to an end counts as being there
const LEAST_PX = 600; // drawn beyond what is in sight, on each side

export interface Boxes {
  /** What scrolls, and in it the box of the rows with a spacer at each end. */
  readonly log: () => HTMLElement | null;
  readonly rows: () => HTMLElement | null;
}

export class Virtual implements ReactiveController {
  from = 0;
  to = 0;
  following = true;
  /** The last row is the newest of all. */
  mayFollow = true;
  private rows: readonly Row[] = [];
  private track = new Track([]);
  private index = new Map<string, number>();
  private readonly heights = new Map<string, number>();
  private anchor: Anchor | null = null;
  private due: Anchor | null = null; // to be there again, once there are rows
  private width = 0;
  private gap = 0; // to the end, of one who follows
  private place = -1; // where the log stood when it was last set or looked at
  private edge = 0; // how far below its host's the log's upper edge is
  private observed: readonly Element[] = [];
  private readonly resized = new ResizeObserver(() => this.measureAgain());

  constructor(
    private readonly host: ReactiveControllerHost,
    private readonly boxes: Boxes,
  ) {
    host.addController(this);
  }

  hostConnected(): void {}

  hostDisconnected(): void {
    this.resized.disconnect();
    this.observed = [];
  }

  /** Before drawing: which rows there are, and which of them to draw. */
  use(rows: readonly Row[], mayFollow: boolean): void {
    this.look();
    this.mayFollow = mayFollow;
    this.following &&= mayFollow;
    if (rows !== this.rows) this.rebuild(rows);
    if (this.due && rows.length) {
      if (this.index.has(this.due.key)) [this.anchor, this.following] = [this.due, false];
      this.due = null;
    }
    const top = this.wanted();
    const margin = this.margin();
    this.from = this.track.at(top - margin);
    this.to = Math.min(rows.length, this.track.at(top + this.seen() + margin) + 1);
  }

  /** After drawing: the rows have heights, and the place is kept. */
  hostUpdated(): void {
    const [log, box] = [this.boxes.log(), this.boxes.rows()];
    if (!log || !box) return;
    if (this.observed[0] !== log || this.observed[1] !== box) {
      this.resized.disconnect();
      this.observed = [log, box];
      for (const each of this.observed) this.resized.observe(each);
      this.width = log.clientWidth;
      this.edge = log.offsetTop;
    }
    this.measure(box);
    this.keepBelow(log.offsetTop);
    box.style.paddingBlockStart = `${this.track.top(this.from)}px`;
    box.style.paddingBlockEnd = `${Math.max(0, this.track.total - this.track.top(this.to))}px`;
    const wanted = this.following
      ? Math.max(0, log.scrollHeight - log.clientHeight - this.gap)
      : this.wanted();
    if (Math.abs(log.scrollTop - wanted) >= 0.5) log.scrollTop = wanted;
    this.place = log.scrollTop;
    if (this.mayFollow && log.clientHeight && wanted - this.place >= 1) {
      [this.following, this.gap] = [true, 0]; // there is no more below
    }
    if (this.lacks()) this.host.requestUpdate();
  }

  /** The log was scrolled; whether other rows are to be drawn. */
  scrolled(): boolean {
    this.look();
    return this.lacks();
  }

  /** To the end, and stays there. */
  follow(): void {
    this.following = true;
    this.gap = 0;
    this.anchor = null;
    this.host.requestUpdate();
  }

  /** Where one is; null: at the end. */
  get at(): Anchor | null {
    return this.following ? null : this.anchor;
  }

  /** To where one was, if what was there is there. */
  goBack(anchor: Anchor | null): void {
    this.due = anchor;
  }

  /** Shows a row in the upper part of what is in sight. */
  show(key: string): boolean {
    const index = this.index.get(key);
    if (index === undefined) return false;
    this.following = false;
    const rest = Math.max(0, this.seen() - this.track.height(index));
    this.anchor = { key, below: rest / 3 };
    this.place = this.boxes.log()?.scrollTop ?? -1;
    this.host.requestUpdate();
    return true;
  }

  /** Moves no more than it must for a row to be in sight. */
  reveal(key: string): void {
    const [log, index] = [this.boxes.log(), this.index.get(key)];
    if (!log || index === undefined) return;
    const top = this.track.top(index) - log.scrollTop;
    const most = this.seen() - this.track.height(index) - 16;
    if (top >= 16 && top <= most) return;
    this.following = false;
    this.anchor = { key, below: Math.max(16, Math.min(top, most)) };
    this.host.requestUpdate();
  }

  /** Whether what is in sight begins below a row. */
  isAbove(key: string): boolean {
    const index = this.index.get(key);
    return index !== undefined && this.track.top(index + 1) <= (this.boxes.log()?.scrollTop ?? 0);
  }

  /** Whether a row stands in sight or below it. */
  reaches(key: string): boolean {
    return this.index.has(key) && !this.isAbove(key);
  }

  isInSight(key: string): boolean {
    const [log, index] = [this.boxes.log(), this.index.get(key)];
    return !!log && index !== undefined && this.reaches(key) && this.track.top(index) < log.scrollTop + this.seen();
  }

  /** The last message of which half, or half of what fits, is in sight. */
  get lastInSight(): Message | null {
    const end = (this.boxes.log()?.scrollTop ?? 0) + this.seen();
    for (let i = Math.min(this.track.at(end), this.rows.length - 1); i >= 0; i -= 1) {
      const row = this.rows[i]!;
      const half = Math.min(this.track.height(i), this.seen()) / 2;
      if (row.is === "message" && this.track.top(i) + half <= end) return row.message;
    }
    return null;
  }

  get atStart(): boolean {
    return (this.boxes.log()?.scrollTop ?? 0) < Math.max(NEAR_PX, this.seen());
  }

  get atEnd(): boolean {
    const log = this.boxes.log();
    return !log || log.scrollHeight - log.scrollTop - log.clientHeight < Math.max(NEAR_PX, this.seen());
  }

  row(key: string): Row | undefined {
    return this.rows[this.index.get(key) ?? -1];
  }

  /** The message before or after a row; without one, the last in sight. */
  beside(key: string | null, step: -1 | 1): string | null {
    const top = this.boxes.log()?.scrollTop ?? 0;
    const start = key === null ? undefined : this.index.get(key);
    let i = start === undefined ? this.track.at(top + this.seen() - 1) + (step > 0 ? 0 : 1) : start;
    for (i += step; i >= 0 && i < this.rows.length; i += step) {
      const row = this.rows[i]!;
      if (row.is === "message" || row.is === "pending") return row.key;
    }
    return null;
  }

  // ---- the parts ---------------------------------------------------------------------------------

  private seen(): number {
    return this.boxes.log()?.clientHeight || 800;
  }

  private margin(): number {
    return Math.max(LEAST_PX, this.seen());
  }

  private wanted(): number {
    if (this.following) return Math.max(0, this.track.total - this.seen() - this.gap);
    const index = this.anchor ? this.index.get(this.anchor.key) : undefined;
    if (index === undefined) return Math.max(0, this.boxes.log()?.scrollTop ?? 0);
    return Math.max(0, this.track.top(index) - this.anchor!.below);
  }

  private rebuild(rows: readonly Row[]): void {
    if (rows.at(-1)?.key !== this.rows.at(-1)?.key) this.gap = 0; // something new stands at the end
    const before = this.rows;
    this.rows = rows;
    const width = this.width || 360;
    const height = (row: Row): number => this.heights.get(row.key) ?? guess(row, width);
    if (before.length && before.every((row, i) => row.key === rows[i]?.key)) {
      for (let i = before.length; i < rows.length; i += 1) this.index.set(rows[i]!.key, i);
      this.track = this.track.grown(rows.slice(before.length).map(height));
    } else {
      this.index = new Map(rows.map((row, i) => [row.key, i]));
      this.track = new Track(rows.map(height));
    }
  }

  /** Whether what is in sight, and half of what should be around it, is drawn. */
  private lacks(): boolean {
    const [top, half] = [this.wanted(), this.margin() / 2];
    const from = this.track.at(top - half);
    const to = Math.min(this.rows.length, this.track.at(top + this.seen() + half) + 1);
    return from < this.from || to > this.to;
  }

  /** What opens or closes above the log covers or uncovers lines of it, and moves none. */
  private keepBelow(edge: number): void {
    const moved = edge - this.edge;
    this.edge = edge;
    if (moved && this.anchor) this.anchor = { ...this.anchor, below: this.anchor.below - moved };
  }

  /** Where the reader is, if they have moved since. */
  private look(): void {
    const log = this.boxes.log();
    if (!log || log.scrollTop === this.place) return;
    this.place = log.scrollTop;
    this.gap = Math.max(0, log.scrollHeight - log.scrollTop - log.clientHeight);
    this.following = this.mayFollow && this.gap < NEAR_PX;
    this.anchor = null;
    let i = this.track.at(log.scrollTop);
    while (i < this.rows.length - 1 && this.rows[i]!.is !== "message") i += 1;
    const row = this.rows[i];
    if (row) this.anchor = { key: row.key, below: this.track.top(i) - log.scrollTop };
  }

  private measure(box: HTMLElement): void {
    const rows = box.children;
    for (let i = 0; i < rows.length && this.from + i < this.rows.length; i += 1) {
      const { height } = rows[i]!.getBoundingClientRect();
      if (!height) continue; // not shown
      this.heights.set(this.rows[this.from + i]!.key, height);
      this.track.set(this.from + i, height);
    }
  }

  private measureAgain(): void {
    const log = this.boxes.log();
    if (log && log.clientWidth !== this.width) {
      this.width = log.clientWidth;
      this.heights.clear();
      const { rows, gap } = this;
      this.rows = [];
      this.rebuild(rows);
      this.gap = gap;
    }
    this.hostUpdated();
  }
}
