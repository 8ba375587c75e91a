"""Two who are talking while somebody else sends nonsense."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from protocol.errors import ERRORS
from tests.support.app import App, Page
from tests.support.wire import CANDIDATE, SDP, Socket

SECRET = "a-secret-that-nobody-logs"
REFUSALS = ("request refused", "frame refused", "upgrade refused")


@dataclass
class Scene:
    """Two who are talking while somebody else sends nonsense, and what was logged meanwhile."""

    app: App
    page: Page
    socket: Socket
    bystanders: tuple[tuple[Page, Socket], tuple[Page, Socket]]
    logged: list[Any]
    said: int = 0

    async def undisturbed(self) -> None:
        """The two go on, over chat and in their room."""
        self.said += 1
        (ada, one), (_, other) = self.bystanders
        id_ = f"bystander-{self.said}"
        one.send("chat.send", conversation=ada.conversation, id=id_, body="undisturbed")
        assert (await one.get("chat.accepted", id=id_))["seq"] == self.said
        assert (await other.get("chat.messages"))["head"] == self.said
        one.send("peer.candidate", room=ada.room, peer="peer-other", candidate=CANDIDATE)
        assert (await other.get("peer.candidate"))["candidate"] == CANDIDATE
        for socket in (one, other):
            assert socket.close_code is None
            assert [f for f in socket.frames if f["t"] in ("error", "room.peer_left")] == []

    def logged_once(self, code: str, *, close: bool = False) -> None:
        """One refusal, or with `close` one end, of this code; and no secret anywhere."""
        events = [entry["event"] for entry in self.logged if entry.get("code") == code]
        refusals = [event for event in events if event in REFUSALS]
        closes = [event for event in events if event == "connection closed"]
        if close:
            assert len(closes) == 1, events
        else:
            assert (len(refusals), len(closes)) == (1, 0), events
        text = repr(self.logged)
        pages = [self.page, *(page for page, _ in self.bystanders)]
        for secret in (
            SECRET,
            SDP[:60],
            CANDIDATE,
            "undisturbed",
            *(page.grant for page in pages),
            *(page.renewal for page in pages),
            *(page.link.partition("#")[2] for page in pages),
        ):
            assert secret not in text
        assert "Traceback" not in text
        assert [entry for entry in self.logged if entry["log_level"] not in ("info",)] == []
        self.logged.clear()


async def refused(scene: Scene, answer: Any, status: int, code: str) -> None:
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (status, code), problem
    assert answer.headers["content-type"] == "application/problem+json"
    assert (problem["status"], problem["title"]) == (status, ERRORS[code].meaning)
    assert SECRET not in answer.text
    scene.logged_once(code)
