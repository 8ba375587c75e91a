/** What others are told of one: whether they see when one was last here. */
import type { Me, Member, MentorshipView, SeenSetting } from "../protocol/types.js";
import type { Access } from "./access.js";
import { change } from "./conversations.js";
import type { Privacy } from "./model.js";
import type { State } from "./state.js";

export class PrivacyOf implements Privacy {
  constructor(
    private readonly access: Pick<Access, "call">,
    private readonly apply: (to: (state: State) => State) => void,
  ) {}

  async hidesSeen(): Promise<boolean> {
    const { seen_hidden = false } = await this.look();
    return seen_hidden;
  }

  async hideSeen(hidden: boolean): Promise<boolean> {
    const now = await this.access.call<SeenSetting>("POST", "/v1/me/seen", { hidden });
    if (now.hidden) this.apply(withoutSeen);
    else await this.look().catch(() => undefined); // what others show comes with the next connection then
    return now.hidden;
  }

  private async look(): Promise<Me> {
    const me = await this.access.call<Me>("GET", "/v1/me");
    this.apply((state) => (me.seen_hidden ? withoutSeen(state) : withSeen(state, me.mentorships)));
    return me;
  }
}

/** Who hides it is told of nobody. */
export function withoutSeen(state: State): State {
  return change(state, (m) => withMembers(m, ({ seen_us: _, ...member }) => member));
}

/** When those who are away were last here. What frames told meanwhile may be newer. */
export function withSeen(state: State, views: readonly MentorshipView[]): State {
  return change(state, (m) => {
    const told = views.find(({ id }) => id === m.id)?.members ?? [];
    return withMembers(m, (member) => {
      const seen = told.find(({ person }) => person.id === member.person.id)?.seen_us ?? 0;
      if (member.presence !== "away" || seen <= (member.seen_us ?? 0)) return member;
      return { ...member, seen_us: seen };
    });
  });
}

function withMembers(view: MentorshipView, to: (member: Member) => Member): MentorshipView {
  const members = view.members.map(to);
  const same = members.every((member, i) => member.seen_us === view.members[i]?.seen_us);
  return same ? view : { ...view, members };
}
