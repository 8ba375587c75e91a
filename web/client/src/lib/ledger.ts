/** What sessions come to, asked of the server. */
import type { SessionView, Statement, StatementQuery } from "../protocol/types.js";
import type { Access } from "./access.js";
import type { Download, Ledger } from "./model.js";

type Role = "mentor" | "mentee";

export class LedgerOf implements Ledger {
  /** A correction that may have been taken already is sent again under the same key. */
  private correction: { readonly text: string; readonly key: string } | null = null;

  constructor(
    private readonly access: Pick<Access, "call" | "download">,
    private readonly newId: () => string,
    private readonly took: (view: SessionView) => void,
  ) {}

  confirm(session: string, revision: number): Promise<void> {
    return this.say(session, "confirm", { revision });
  }

  contest(session: string, revision: number, reason: string): Promise<void> {
    return this.say(session, "contest", { revision, reason });
  }

  async correct(session: string, billedUs: number, reason: string): Promise<void> {
    const body = { billed_us: billedUs, reason };
    const text = JSON.stringify([session, body]);
    if (this.correction?.text !== text) this.correction = { text, key: this.newId() };
    await this.say(session, "corrections", body, this.correction.key);
    this.correction = null;
  }

  private async say(session: string, what: string, body: object, key?: string): Promise<void> {
    this.took(
      await this.access.call<SessionView>("POST", `/v1/sessions/${session}/${what}`, body, key),
    );
  }

  evidence(session: string): Promise<Download> {
    return this.access.download(`/v1/sessions/${session}/evidence`, `ithaca-${session}.json`);
  }

  statement(role: Role, month: string): Promise<Statement> {
    return this.access.call<Statement>("GET", statementPath({ role, month }));
  }

  statementFile(role: Role, month: string, format: "csv" | "json"): Promise<Download> {
    const path = statementPath({ role, month, format });
    return this.access.download(path, `ithaca-${role}-${month}.${format}`);
  }
}

function statementPath(query: StatementQuery): string {
  return `/v1/statements?${new URLSearchParams({ ...query })}`;
}
