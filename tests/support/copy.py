"""What a client holds of a conversation: a snapshot, and the frames that came since, applied."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tests.support.wire import Frame


@dataclass(slots=True)
class Copy:
    """One page's copy of a conversation that it holds from the first message on. A change is told
    as the whole message: of two views the one of the greater revision is the newer."""

    person: str
    head: int = 0
    revision: int = 0
    messages: dict[int, dict[str, Any]] = field(default_factory=dict)
    marks: dict[str, tuple[int, int]] = field(default_factory=dict)
    members: dict[str, tuple[str, bool]] = field(default_factory=dict)
    """Where they are, and whether it is known when they were last here."""
    persons: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Who they are, with the zone that they go by."""
    blocked_by_me: bool = False

    @property
    def cursor(self) -> dict[str, int]:
        """As auth.open takes it."""
        seq = 0
        while seq + 1 in self.messages:
            seq += 1
        return {"seq": seq, "revision": self.revision}

    def open(self, view: dict[str, Any]) -> None:
        """The snapshot: what is missing comes after it, by the cursor."""
        self.head = max(self.head, view["head"])
        self._bounded(view)
        for member in view["members"]:
            seen = member.get("seen_us") is not None
            self.members[member["person"]["id"]] = member["presence"], seen
        for mark in view["marks"]:
            self._mark(mark)

    def apply(self, frame: Frame) -> None:
        match frame["t"]:
            case "chat.messages":
                self.head = max(self.head, frame["head"])
                for message in sorted(frame["messages"], key=lambda each: each["revision"]):
                    self._take(message)
                    # The change of this revision is in it, whatever else is missing.
                    if message["revision"] == self.revision + 1:
                        self.revision += 1
            case "chat.touched":
                for message in frame["messages"]:
                    if message["seq"] in self.messages:
                        self._take(message)
                self.revision = max(self.revision, frame["revision"])
            case "chat.receipt":
                self._mark(frame)
            case "presence.changed":
                seen = frame.get("seen_us") is not None
                self.members[frame["person"]] = frame["presence"], seen
            case "mentorship.changed":
                self._bounded(frame["mentorship"])

    def _bounded(self, view: dict[str, Any]) -> None:
        self.blocked_by_me = view.get("blocked_by_me", False)
        self.persons = {member["person"]["id"]: member["person"] for member in view["members"]}

    def _take(self, message: dict[str, Any]) -> None:
        held = self.messages.get(message["seq"])
        if held is None or held["revision"] < message["revision"]:
            self.messages[message["seq"]] = message

    def _mark(self, mark: dict[str, Any]) -> None:
        delivered, read = self.marks.get(mark["person"], (0, 0))
        self.marks[mark["person"]] = max(delivered, mark["delivered"]), max(read, mark["read"])

    def view(self) -> dict[str, Any]:
        """As a fresh snapshot would say it."""
        live = [self.messages[seq] for seq in sorted(self.messages)]
        live = [message for message in live if "deleted_us" not in message]
        _, read = self.marks.get(self.person, (0, 0))
        pins = [message for message in live if "pinned_us" in message]
        pins.sort(key=lambda message: (message["pinned_us"], message["seq"]), reverse=True)
        return {
            "head": self.head,
            "revision": self.revision,
            "read": read,
            "unread": sum(m["seq"] > read and m["person"] != self.person for m in live),
            "last": live[-1] if live else None,
            "members": self.members,
            "persons": self.persons,
            "blocked_by_me": self.blocked_by_me,
            "pinned": [message["seq"] for message in pins],
            "marks": [
                {"person": person, "delivered": delivered, "read": read}
                for person, (delivered, read) in sorted(self.marks.items())
            ],
        }
