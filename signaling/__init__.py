"""Who is in which room, and how their media is agreed."""
