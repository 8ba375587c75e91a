/** While somebody writes there is less around: its host says so to its styles (`writing`). What a press takes the
 * focus from comes back only after the press, so that nothing moves under the finger. */
import type { ReactiveController, ReactiveControllerHost } from "lit";

export class Writing implements ReactiveController {
  private pressed = false;
  private over = false; // the focus went
  private timer: ReturnType<typeof setTimeout> | undefined;
  private readonly down = (): void => {
    this.pressed = true;
  };
  private readonly up = (): void => {
    this.pressed = false;
    this.settle();
  };

  constructor(private readonly host: ReactiveControllerHost & Pick<HTMLElement, "toggleAttribute">) {
    host.addController(this);
  }

  hostConnected(): void {
    addEventListener("pointerdown", this.down, true);
    for (const each of ["pointerup", "pointercancel"]) addEventListener(each, this.up, true);
  }

  hostDisconnected(): void {
    removeEventListener("pointerdown", this.down, true);
    for (const each of ["pointerup", "pointercancel"]) removeEventListener(each, this.up, true);
    clearTimeout(this.timer);
    [this.pressed, this.over] = [false, false];
    this.host.toggleAttribute("writing", false);
  }

  readonly begin = (): void => {
    clearTimeout(this.timer);
    this.over = false;
    this.host.toggleAttribute("writing", true);
  };

  readonly end = (): void => {
    this.over = true;
    this.settle();
  };

  /** A tap's click comes right after it has taken the focus, a mouse's after the button is up. */
  private settle(): void {
    if (!this.over || this.pressed) return;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.host.toggleAttribute("writing", false));
  }
}
