"""What the plan that stores what waits asks for, and in which order."""

from types import SimpleNamespace
from typing import Any, cast

from chat.batch_tables import Move, Send, store
from runtime.database import Plan
from runtime.database.prepared import Bound


def driven(plan: Plan[Any], rows: list[Any], taken: list[str]) -> Any:
    """What comes of a plan each of whose statements is sent the same rows."""
    asked = next(plan)
    while True:
        taken.append(cast(Bound, asked).values["site_id"])
        try:
            asked = plan.send(rows)
        except StopIteration as done:
            return done.value


def test_sites_are_taken_in_one_order_by_all() -> None:
    """Mutant: in the order in which they came; then two nodes wait for each other."""
    sends = [Send(site, "cnv", "ada", f"message-{site}", "x", 1) for site in "bca"]
    moves = [Move(site, "cnv", "ada", 1, 1) for site in "cab"]
    row = SimpleNamespace(id="cnv", head=1, revision=1, shut=None, conversation_id="cnv")
    row.__dict__.update(person_id="ada", delivered=1, seq=1)
    plan, taken = store(sends, moves), list[str]()
    messages, marks = driven(plan, [row], taken)
    assert taken == [*"aabbcc", *"abc"]  # each site's conversations, and its messages; then marks
    assert [message.id for message in messages] == ["message-b", "message-c", "message-a"]
    assert [site for site, _, _ in marks] == ["a", "b", "c"]
