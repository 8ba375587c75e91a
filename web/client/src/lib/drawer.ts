/** What a person has written and not got rid of yet, in localStorage: unsent messages and drafts.
 *
 * Keyed by person, since two people may use two tabs of one browser. One key a message, so two tabs
 * of one person never overwrite each other's.
 */
import type { Draft } from "./model.js";
import type { Item } from "./outbox.js";

export const NO_DRAFT: Draft = { text: "", replyTo: null, editing: null };

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

  draft(conversation: string): Draft {
    const kept = read(this.storage.getItem(this.key("draft", conversation))) as Partial<Draft> | null;
    return typeof kept?.text === "string" ? { ...NO_DRAFT, ...kept } : NO_DRAFT;
  }

  saveDraft(conversation: string, draft: Draft): void {
    const isEmpty = !draft.text && draft.replyTo === null && draft.editing === null;
    if (!isEmpty) this.write(this.key("draft", conversation), JSON.stringify(draft));
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
  const item = read(text) as Partial<Item> | null;
  const whole =
    typeof item?.id === "string" &&
    typeof item.conversation === "string" &&
    typeof item.body === "string" &&
    typeof item.writtenUs === "number" &&
    typeof item.order === "number";
  return whole ? ({ refused: null, ...item } as Item) : null;
}

function read(text: string | null): unknown {
  try {
    return JSON.parse(text ?? "null");
  } catch {
    return null;
  }
}
