/** By which clock one reads times: what is on record, and what this machine goes by. */
import type { ZoneSetting } from "../protocol/types.js";
import type { Access } from "./access.js";
import type { Zones } from "./model.js";
import type { State } from "./state.js";
import { movedTo } from "./state.js";

const KEPT = "ithaca.zone"; // in this browser: of which one does not want to hear

export class ZonesOf implements Zones {
  constructor(
    private readonly access: Pick<Access, "call">,
    private readonly page: { readonly browser: Storage; zone(): string },
    private readonly apply: (to: (state: State) => State) => void,
  ) {}

  get here(): string {
    return this.page.zone();
  }

  get isAsked(): boolean {
    return this.page.browser.getItem(KEPT) !== this.here;
  }

  keep(): void {
    try {
      this.page.browser.setItem(KEPT, this.here);
    } catch {
      // Then it is asked again.
    }
  }

  async use(zone: string): Promise<void> {
    const now = await this.access.call<ZoneSetting>("POST", "/v1/me/zone", { zone });
    this.apply((state) => movedTo(state, now.zone));
  }
}
