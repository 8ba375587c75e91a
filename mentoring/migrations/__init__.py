"""Revisions of the tables of this room."""
