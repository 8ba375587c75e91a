"""Every setting is documented, in the words that `--help` has for it."""

import dataclasses

from ithaca import settings
from tests.architecture.house import ROOT


def test_every_setting_is_in_the_docs() -> None:
    rows = [
        f"| `--{name.replace('_', '-')}` | `{settings.PREFIX}{name.upper()}` | {text} |"
        for name, text in settings.HELP.items()
    ]
    table = [
        line
        for line in (ROOT / "docs/settings.md").read_text().splitlines()
        if line.startswith("| `--")
    ]
    assert table == rows
    assert {field.name for field in dataclasses.fields(settings.Settings)} == set(settings.HELP)
