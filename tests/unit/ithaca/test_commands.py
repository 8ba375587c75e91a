"""What is written on the command line, and what it means."""

import pytest

from ithaca.__main__ import parser

MINUTE = 60_000_000


def billed(text: str) -> int:
    options = parser().parse_args(["correct", "ses_1", "--billed", text, "--reason", "x"])
    assert isinstance(options.billed, int)
    return options.billed


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        *(("0:45", 45), ("1:30", 90), ("99:59", 5999), ("0:00", 0), ("0:45:30", 45.5)),
        *(("45m", 45), ("45 m", 45), ("45min", 45), ("45 min", 45), ("90m", 90), ("0m", 0)),
    ],
)
def test_a_length_is_hours_and_minutes_or_minutes(text: str, minutes: float) -> None:
    assert billed(text) == minutes * MINUTE


@pytest.mark.parametrize(
    "text", ["45", "1.5", "0:60", ":45", "0:45m", "45 mins", "45h", "-5m", "", "m", "٤٥m", "0:4"]
)
def test_what_could_be_either_is_refused_with_the_forms(
    text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        billed(f"{text}")
    assert ended.value.code == 2
    if not text.startswith("-"):  # which argparse takes for an option
        said = capsys.readouterr().err
        assert f"argument --billed: {text!r} is no length: write 0:45 " in said
        assert "or 45m (minutes)" in said


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "A reason needs at least one visible character."),
        (" \u200b", "A reason needs at least one visible character."),
        ("\x1b[31mred", "A text cannot hold the control character U+001B."),
        ("x" * 1001, "from 1 to 1,000 characters"),
    ],
)
def test_a_reason_can_be_read(text: str, why: str, capsys: pytest.CaptureFixture[str]) -> None:
    correct = ["correct", "ses_1", "--billed", "45m", "--reason"]
    assert parser().parse_args([*correct, " both agree\n"]).reason == "both agree"
    with pytest.raises(SystemExit) as ended:
        parser().parse_args([*correct, text])
    assert ended.value.code == 2
    assert f"argument --reason: {why}" in capsys.readouterr().err
