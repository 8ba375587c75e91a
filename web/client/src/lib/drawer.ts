/** What a person has written and not got rid of yet, in localStorage: unsent messages and drafts.
 *
 * Keyed by person, since two people may use two tabs of one browser. One key a message, so two tabs
 * of one person never overwrite each other's.
 */
import type { Item } from "./outbox.js";

export class Drawer {
  constructor(
    private readonly storage: Storage,
    private readonly person: string,
  ) {}

  private key(kind: "outbox" | "draft", id: string): string {
    return `ithaca.${kind}.${this.person}.${id}`;
  }

  /** Every unsent message of this person, whichever tab wrote it. */
  items(): Item[] {
    const prefix = this.key("outbox", "");
    const keys = Array.from({ length: this.storage.length }, (_, i) => this.storage.key(i) ?? "");
    return keys
      .filter((key) => key.startsWith(prefix))
      .map((key) => parse(this.storage.getItem(key)))
      .filter((item) => item !== null);
  }

  keep(item: Item): void {
    this.write(this.key("outbox", item.id), JSON.stringify(item));
  }

  drop(id: string): void {
    this.storage.removeItem(this.key("outbox", id));
  }

  draft(conversation: string): string {
    return this.storage.getItem(this.key("draft", conversation)) ?? "";
  }

  saveDraft(conversation: string, text: string): void {
    if (text) this.write(this.key("draft", conversation), text);
    else this.storage.removeItem(this.key("draft", conversation));
  }

  private write(key: string, value: string): void {
    try {
      this.storage.setItem(key, value);
    } catch (error) {
      // Full or forbidden: it then lives as long as the page, which still sends it.
      console.warn("localStorage", error);
    }
  }
}

function parse(text: string | null): Item | null {
  try {
    const item = JSON.parse(text ?? "null") as Partial<Item> | null;
    const whole =
      typeof item?.id === "string" &&
      typeof item.conversation === "string" &&
      typeof item.body === "string" &&
      typeof item.writtenUs === "number" &&
      typeof item.order === "number";
    return whole ? ({ refused: null, ...item } as Item) : null;
  } catch {
    return null;
  }
}
