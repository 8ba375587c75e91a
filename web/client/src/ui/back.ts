import type { ReactiveController, ReactiveControllerHost } from "lit";

/** Tells when the connection is back. Its host draws itself again whenever the link changes. */
export class Back implements ReactiveController {
  private cutOff = false;

  constructor(
    host: ReactiveControllerHost,
    private readonly isOnline: () => boolean,
    private readonly came: () => void,
  ) {
    host.addController(this);
  }

  hostConnected(): void {}

  hostUpdate(): void {
    const online = this.isOnline();
    const back = online && this.cutOff;
    this.cutOff = !online;
    if (back) this.came();
  }
}
