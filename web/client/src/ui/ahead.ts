import type { ReactiveController, ReactiveControllerHost } from "lit";

import type { App } from "../lib/model.js";
import type { MeetingView, MentorshipView } from "../protocol/types.js";
import { Ticking } from "./element.js";
import { ahead } from "./words/terms.js";

/** Knows which meeting two people have before them, also once one is over while somebody looks on. */
export class Ahead implements ReactiveController {
  private readonly asked = new Set<string>(); // meetings, for what comes after them

  constructor(
    host: ReactiveControllerHost,
    private readonly app: () => App,
  ) {
    host.addController(this);
    new Ticking(host, 60_000, () => app().nowUs());
  }

  hostConnected(): void {}

  of(view: MentorshipView): MeetingView | null {
    const { arrange, state } = this.app();
    const found = ahead(view, this.app().nowUs(), state.arranged[view.id]);
    const over = found ? null : view.meeting?.id;
    if (over != null && !this.asked.has(over)) {
      this.asked.add(over);
      arrange.load(view.id).catch(() => this.asked.delete(over)); // asked again when drawn again
    }
    return found;
  }
}
