/** Hands in what other pages signed about this one: the shell around journal.ts. In the tab's storage
 * it outlives a reload, and a crash of the page. */
import type { ClientFrame, Contact } from "../../protocol/types.js";
import * as journal from "./journal.js";
import type { Journal } from "./journal.js";

export interface ProofsEnv {
  readonly tab: Storage;
  send(frame: ClientFrame): boolean;
  /** How many beats were sent to the server. */
  beats(): number;
}

const KEY = "ithaca.contact";

export class Proofs {
  private kept: Journal;
  private saved: Journal;

  constructor(private readonly env: ProofsEnv) {
    this.kept = this.saved = journal.read(env.tab.getItem(KEY));
  }

  keep(room: string, session: string, contact: Contact): void {
    this.kept = journal.keep(this.kept, room, session, contact);
  }

  /** Gives the server what is new, in one room or in all. */
  handIn(room: string | null = null): void {
    const [next, frames] = journal.handIn(this.kept, room, this.env.beats());
    // Over a socket that takes the last frame all before it went as well.
    if (frames.map((frame) => this.env.send(frame)).at(-1)) this.kept = next;
  }

  acknowledged(beat: number): void {
    const left = journal.acknowledged(this.kept, beat);
    if (left === this.kept) return;
    this.kept = left;
    this.save();
  }

  notTaken(): void {
    this.kept = journal.notTaken(this.kept);
  }

  save(): void {
    if (this.kept === this.saved) return;
    this.saved = this.kept;
    try {
      if (this.kept.length > 0) this.env.tab.setItem(KEY, journal.written(this.kept));
      else this.env.tab.removeItem(KEY);
    } catch (error) {
      // Full or forbidden: it then lives as long as the page.
      console.warn("sessionStorage", error);
    }
  }

  /** Of somebody who signs out. */
  forget(): void {
    this.kept = [];
    this.save();
  }
}
