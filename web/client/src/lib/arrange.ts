/** What two people agree on and plan, asked of the server. */
import type { MoveMeeting, NewAgreement, NewMeeting } from "../protocol/types.js";
import type { Access } from "./access.js";
import type { Arrange } from "./model.js";

export class Arrangements implements Arrange {
  /** A form that may have been taken already is sent again under the same key. */
  private readonly forms = new Map<string, { readonly text: string; readonly key: string }>();

  constructor(
    private readonly access: Pick<Access, "call">,
    private readonly newId: () => string,
  ) {}

  propose(mentorship: string, wish: NewAgreement): Promise<void> {
    return this.once(`/v1/mentorships/${mentorship}/agreements`, wish);
  }

  accept(mentorship: string, version: number): Promise<void> {
    return this.say(`/v1/mentorships/${mentorship}/agreements/${version}/accept`);
  }

  decline(mentorship: string, version: number): Promise<void> {
    return this.say(`/v1/mentorships/${mentorship}/agreements/${version}/decline`);
  }

  withdraw(mentorship: string, version: number): Promise<void> {
    return this.say(`/v1/mentorships/${mentorship}/agreements/${version}/withdraw`);
  }

  plan(mentorship: string, wish: NewMeeting): Promise<void> {
    return this.once(`/v1/mentorships/${mentorship}/meetings`, wish);
  }

  move(mentorship: string, meeting: string, wish: MoveMeeting): Promise<void> {
    return this.say(`/v1/mentorships/${mentorship}/meetings/${meeting}/move`, wish);
  }

  cancel(mentorship: string, meeting: string): Promise<void> {
    return this.say(`/v1/mentorships/${mentorship}/meetings/${meeting}/cancel`);
  }

  private async once(path: string, wish: object): Promise<void> {
    const text = JSON.stringify(wish);
    const before = this.forms.get(path);
    const form = before?.text === text ? before : { text, key: this.newId() };
    this.forms.set(path, form);
    await this.access.call("POST", path, wish, form.key);
    this.forms.delete(path);
  }

  private async say(path: string, wish?: object): Promise<void> {
    await this.access.call("POST", path, wish);
  }
}
