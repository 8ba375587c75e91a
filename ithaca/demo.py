"""The demo mentorship that a fresh server has, and its two links."""

from ithaca.house import House
from protocol.rest import NewMentorship, NewPerson

WISH = NewMentorship(
    mentor=NewPerson(name="Athena (demo)", zone="Europe/Athens"),
    mentee=NewPerson(name="Telemachus (demo)", zone="America/New_York"),
)


async def demo_links(house: House) -> list[tuple[str, str]]:
    """(role, URL) of the demo's two people; makes the demo on an empty server, and is empty where
    the server began without one."""
    services, site_id = house.services, house.services.people.home_site
    started = await house.mentoring.started_with(site_id, "demo", "demo")
    if started is None:
        if await house.mentoring.any_at(site_id):
            return []
        started = await house.mentoring.start(site_id, WISH, actor="demo", key="demo")
    links: list[tuple[str, str]] = []
    for invited in started.invited:
        invitation = await services.people.live_invitation(site_id, invited.person.id)
        if invitation is not None:
            handle = services.people.link_handle(site_id, invitation)
            links.append((invited.role, services.origins.link(handle)))
    return links
