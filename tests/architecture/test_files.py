"""Rules that every file of the project keeps."""

import re

from tests.architecture.house import PACKAGES, ROOT, our_files

LONGEST = 600  # lines: past this, a file has more than one purpose


def test_no_file_is_longer_than_one_purpose_needs() -> None:
    long = {
        str(path.relative_to(ROOT)): lines
        for path in our_files(".py", ".ts")
        if path.relative_to(ROOT).parts[0] in PACKAGES
        and not path.read_text().startswith("/* Generated")
        and (lines := path.read_text().count("\n")) > LONGEST
    }
    assert not long


def test_no_file_names_a_package_registry() -> None:
    """Where parts come from is the machine's business: a mirror must serve as well."""
    registry = re.compile(
        r"(pypi|npmjs|pythonhosted|yarnpkg|deb\.debian|archive\.ubuntu)\.(org|com)|registry\.npm"
    )
    named = {
        str(path.relative_to(ROOT))
        for path in our_files(
            *(".py", ".ts", ".js", ".json", ".toml", ".txt", ".md", ".sh", ".html", ".css"),
            *(".service", ".npmrc", "run", "Caddyfile"),
        )
        if registry.search(path.read_text())
    }
    assert not named


def test_the_locks_hold_no_addresses() -> None:
    locks = list((ROOT / "requirements").glob("*.txt"))
    assert locks
    assert not [path.name for path in locks if "://" in path.read_text()]


def test_the_front_end_lock_says_not_where_its_parts_come_from() -> None:
    lock = ROOT / "web" / "client" / "package-lock.json"
    assert not re.search(r'"resolved": "(?!file:)', lock.read_text())
