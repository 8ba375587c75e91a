"""Who: sites, persons, keys, invitations and grants."""
