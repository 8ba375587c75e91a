/** What elements that draw the app's state have in common, and their clocks. */
import { LitElement, type ReactiveController, type ReactiveControllerHost } from "lit";
import { property } from "lit/decorators.js";

import type { App, AppState } from "../lib/model.js";

/** An element that draws some of the app's state: `watch` picks what, and only a change of that
 * draws it anew (the microphone's level alone changes many times a second). */
export abstract class AppElement extends LitElement {
  @property({ attribute: false }) app!: App;
  private stop: (() => void) | null = null;
  private seen: readonly unknown[] = [];

  protected abstract watch(state: AppState): readonly unknown[];

  override connectedCallback(): void {
    super.connectedCallback();
    this.seen = this.watch(this.app.state);
    this.stop = this.app.subscribe((state) => {
      const now = this.watch(state);
      if (now.length === this.seen.length && now.every((value, i) => value === this.seen[i]))
        return;
      this.seen = now;
      this.requestUpdate();
    });
    this.requestUpdate();
  }

  override disconnectedCallback(): void {
    this.stop?.();
    this.stop = null;
    super.disconnectedCallback();
  }

  protected get state(): AppState {
    return this.app.state;
  }
}

/** Draws its host again at each full second or minute of the app's clock. */
export class Ticking implements ReactiveController {
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly host: ReactiveControllerHost,
    private readonly everyMs: number,
    private readonly nowUs: () => number,
  ) {
    host.addController(this);
  }

  hostConnected(): void {
    this.arm();
  }

  hostDisconnected(): void {
    clearTimeout(this.timer);
  }

  private arm(): void {
    const rest = this.everyMs - (Math.floor(this.nowUs() / 1000) % this.everyMs);
    this.timer = setTimeout(() => {
      this.host.requestUpdate();
      this.arm();
    }, rest);
  }
}

/** Draws its host again when a media query turns. */
export class Media implements ReactiveController {
  private readonly query: MediaQueryList;
  private readonly turned = (): void => this.host.requestUpdate();

  constructor(
    private readonly host: ReactiveControllerHost,
    query: string,
  ) {
    this.query = matchMedia(query);
    host.addController(this);
  }

  get matches(): boolean {
    return this.query.matches;
  }

  hostConnected(): void {
    this.query.addEventListener("change", this.turned);
  }

  hostDisconnected(): void {
    this.query.removeEventListener("change", this.turned);
  }
}

export const WIDE = "(min-width: 960px)";
