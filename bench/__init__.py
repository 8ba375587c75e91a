"""Measurements beside the field's best. Each is run by `./run bench NAME`."""
