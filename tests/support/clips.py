"""What stands before a test browser's camera and microphone: a picture that says whose it is, and
speech with its own rhythm. Made here, so that the tests know what must arrive on the other side."""

from __future__ import annotations

import subprocess
import tempfile
import wave
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

WIDTH, HEIGHT, FPS = 640, 480, 10
FRAMES = FPS  # the clip is a loop of one second
RATE = 48_000
STEP_S = 0.05
"""Seconds of sound per value of an envelope."""

SMOOTH = 3

COLUMNS, ROWS = 4, 2
BITS = COLUMNS * ROWS
STRIP = 5 / 6
"""The code fills the picture above this part of its height; below it a bar wanders."""
DARK, LIGHT, GREY = 30, 220, 120


@dataclass(frozen=True)
class Clip:
    """Files for Chromium's fake devices. `envelope` is how loud the loop of speech is over time,
    a value each STEP_S."""

    code: int
    video: Path
    sound: Path
    envelope: Floats


def make_clip(folder: Path, code: int, words: tuple[str, ...], pauses_s: tuple[float, ...]) -> Clip:
    """`code` 0..15 is in the picture; `pauses_s` follow the `words` and give the speech a rhythm
    that no other clip has."""
    video, sound = folder / f"{code}.y4m", folder / f"{code}.wav"
    _film(video, code)
    samples = _speak(words, pauses_s)
    with wave.open(str(sound), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(RATE)
        out.writeframes((samples * 32767).astype("<i2").tobytes())
    return Clip(code, video, sound, loudness(samples))


# ---- the picture -----------------------------------------------------------------------------


def _word(code: int) -> list[bool]:
    """Four bits and their opposites: half the blocks are light, so black is nobody's picture."""
    bits = [bool(code >> place & 1) for place in range(BITS // 2)]
    return bits + [not bit for bit in bits]


def _film(path: Path, code: int) -> None:
    blocks = np.array([LIGHT if bit else DARK for bit in _word(code)], dtype=np.uint8)
    floor = int(HEIGHT * STRIP)
    luma = np.full((HEIGHT, WIDTH), GREY, dtype=np.uint8)
    luma[:floor] = np.kron(
        blocks.reshape(ROWS, COLUMNS),
        np.ones((floor // ROWS, WIDTH // COLUMNS), dtype=np.uint8),
    )
    # One colour a person, for whoever looks at a screenshot; only the luma carries the code.
    chroma = bytes(
        [90 + 5 * code] * (WIDTH * HEIGHT // 4) + [166 - 5 * code] * (WIDTH * HEIGHT // 4)
    )
    bar = 80
    with path.open("wb") as out:
        out.write(f"YUV4MPEG2 W{WIDTH} H{HEIGHT} F{FPS}:1 Ip A1:1 C420mpeg2\n".encode())
        for number in range(FRAMES):
            frame = luma.copy()
            left = (WIDTH - bar) * number // (FRAMES - 1)
            frame[floor:, left : left + bar] = LIGHT
            out.write(b"FRAME\n" + frame.tobytes() + chroma)


def code_in(picture: Floats) -> int | None:
    """Whose picture this is: the code in luma (rows, columns), or None if it is nobody's."""
    rows, columns = picture.shape
    floor = int(rows * STRIP)
    light = []
    for block in range(BITS):
        row, column = divmod(block, COLUMNS)
        y = floor * (2 * row + 1) // (2 * ROWS)
        x = columns * (2 * column + 1) // (2 * COLUMNS)
        value = float(picture[y - 2 : y + 3, x - 2 : x + 3].mean())
        if abs(value - (LIGHT + DARK) / 2) < (LIGHT - DARK) / 5:
            return None
        light.append(value > (LIGHT + DARK) / 2)
    half = BITS // 2
    if any(bit == other for bit, other in zip(light[:half], light[half:], strict=True)):
        return None
    return sum(1 << place for place, bit in enumerate(light[:half]) if bit)


def bar_in(picture: Floats) -> float:
    """Where the wandering bar is, 0..1 from the left."""
    rows, columns = picture.shape
    strip = picture[int(rows * (STRIP + 1) / 2), :]
    weight = np.clip(strip - (LIGHT + GREY) / 2, 0, None)
    total = float(weight.sum())
    return float((weight * np.arange(columns)).sum()) / total / columns if total else float("nan")


# ---- the sound -------------------------------------------------------------------------------


def _speak(words: tuple[str, ...], pauses_s: tuple[float, ...]) -> Floats:
    """Mono, -1..1, RATE samples a second."""
    parts: list[Floats] = []
    for text, pause_s in zip(words, pauses_s, strict=True):
        with tempfile.NamedTemporaryFile(suffix=".wav") as spoken:
            subprocess.run(
                ["espeak-ng", "-v", "en", "-s", "150", "-w", spoken.name, text], check=True
            )
            with wave.open(spoken.name, "rb") as source:
                rate = source.getframerate()
                raw = np.frombuffer(source.readframes(source.getnframes()), dtype="<i2") / 32768
        at = np.arange(int(len(raw) * RATE / rate)) * rate / RATE
        parts += [np.interp(at, np.arange(len(raw)), raw), np.zeros(int(pause_s * RATE))]
    return np.concatenate(parts)


def loudness(samples: Floats) -> Floats:
    """RMS of each STEP_S of sound."""
    step = int(RATE * STEP_S)
    whole = samples[: len(samples) // step * step].reshape(-1, step)
    rms: Floats = np.sqrt((whole**2).mean(axis=1))
    return rms


def likeness(heard: Floats, loop: Floats) -> float:
    """The best correlation (Pearson, -1..1) of what was heard with a stretch of an endless loop.

    Words and pauses count, not syllables: on its way speech is stretched and squeezed by some
    hundredths of a second, so as not to stutter.
    """
    heard, loop = _smooth(heard), _smooth(loop)
    stretch = np.resize(loop, len(loop) + len(heard))  # repeats it
    windows = np.lib.stride_tricks.sliding_window_view(stretch, len(heard))[: len(loop)]
    centred = windows - windows.mean(axis=1, keepdims=True)
    mine = heard - heard.mean()
    norm = np.linalg.norm(centred, axis=1) * np.linalg.norm(mine)
    return float(np.max(centred @ mine / np.where(norm == 0, np.inf, norm)))


def _smooth(envelope: Floats) -> Floats:
    return np.convolve(envelope, np.ones(SMOOTH) / SMOOTH, mode="valid")
