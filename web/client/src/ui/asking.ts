/** What a press asks of the server: one request at a time, and what one reads if it was refused. */
import type { ReactiveControllerHost } from "lit";

import { Refused, type Trouble } from "../lib/model.js";
import { inWords } from "../lib/trouble.js";

export class Asking {
  private running = false;
  private refusal: Trouble | null = null;

  /** Its host draws itself again whenever one of these changes. */
  constructor(private readonly host: Pick<ReactiveControllerHost, "requestUpdate">) {}

  get busy(): boolean {
    return this.running;
  }

  get trouble(): Trouble | null {
    return this.refusal;
  }

  /** One begins anew: what was refused is said no more. */
  clear(): void {
    this.refusal = null;
    this.host.requestUpdate();
  }

  /** Whether it was done. `elsewhere`: says the refusal itself. */
  async run(ask: () => Promise<unknown>, elsewhere: (refused: Refused) => boolean = () => false): Promise<boolean> {
    if (this.running) return false;
    this.running = true;
    this.clear();
    try {
      await ask();
      return true;
    } catch (error) {
      if (!(error instanceof Refused && elsewhere(error))) this.refusal = inWords(error);
      if (!(error instanceof Refused)) throw error;
      return false;
    } finally {
      this.running = false;
      this.host.requestUpdate();
    }
  }
}
