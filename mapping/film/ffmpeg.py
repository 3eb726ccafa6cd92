"""The program ffmpeg: what it can write, its arguments, and a call of it that can be cancelled."""

from __future__ import annotations

import math
import shutil
import subprocess  # nosec B404  # a fixed command, no shell
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Callable

from ..errors import MapError
from ..language import tr

SMOOTH = {"libx264": 24.0, "libvpx-vp9": 0.0}
"""Pictures a second at least, by encoder, each held longer: players stumble over an MP4 of one or two."""

_TO_VIDEO = "fps={rate:g},scale=out_color_matrix=bt709:out_range=tv,format=yuv420p"
"""Colours as players of high definition read them; they would be taken for others without."""

_COLOURS = ("-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709", "-color_range", "tv")

ENCODERS = {
    "libx264": ("-preset", "medium", "-crf", "18", "-tune", "animation", "-movflags", "+faststart"),
    "libvpx-vp9": ("-crf", "24", "-b:v", "0", "-deadline", "good", "-cpu-used", "4", "-row-mt", "1"),
}
"""Arguments of each encoder: a quality at which thin lines stay sharp."""


def why_missing(encoder: str) -> tuple[str, str]:
    """Return what lacks for an encoder, as a sentence, and details; empty if it is there.

    The program is asked once, which takes a moment.
    """
    found = shutil.which("ffmpeg")
    if not found:
        return tr("the program ffmpeg is not on this computer. Install it (ffmpeg.org)"), ""
    said, detail = _encoders(found)
    if detail:
        text = tr("{program} does not start ({error}). Install ffmpeg again")
        return text.format(program=found, error=detail), detail
    if encoder not in said.split():
        text = tr("{program} has no encoder {encoder}. Install an ffmpeg that has it")
        return text.format(program=found, encoder=encoder), said
    return "", ""


@cache
def _encoders(program: str) -> tuple[str, str]:
    """Return what a program says of its encoders, and why it does not start."""
    try:
        done = subprocess.run(  # noqa: S603  # nosec B603  # a list of arguments, no shell
            [program, "-hide_banner", "-encoders"],
            check=False, timeout=60,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired) as error:
        return "", str(error)
    return done.stdout.decode(errors="replace"), ""


def arguments(encoder: str, frames_per_second: float, film: str) -> list[str]:
    """The call that makes `film` from the pictures `00000.png` … in the folder where it is started.

    No name of a person's is among the arguments: ffmpeg would take a per cent sign in it for a pattern and
    a colon for an address. In 4:2:0, which every player shows; every picture is held equally long.
    """
    rate = frames_per_second * max(math.ceil(SMOOTH[encoder] / frames_per_second), 1)
    program = Path(shutil.which("ffmpeg") or "ffmpeg").absolute()
    return [
        str(program), "-hide_banner", "-loglevel", "error", "-nostdin", "-y",
        "-f", "image2", "-framerate", f"{frames_per_second:g}", "-i", "%05d.png",
        "-vf", _TO_VIDEO.format(rate=rate), "-c:v", encoder, *ENCODERS[encoder], *_COLOURS,
        "-r", f"{rate:g}", film,
    ]  # fmt: skip


def call(words: Sequence[str], folder: Path, check: Callable[[], None] = lambda: None) -> None:
    """Run ffmpeg in `folder` to its end, or until `check` raises; raises `MapError` with its last words."""
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(  # noqa: S603  # nosec B603  # a list of arguments, no shell
            list(words), cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=said
        )
        try:
            while process.poll() is None:
                check()
                with suppress(subprocess.TimeoutExpired):
                    process.wait(0.2)
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
        if process.returncode:
            said.seek(0)
            text = said.read().decode(errors="replace").strip()
            raise MapError(
                f"ffmpeg could not write the film: {text.splitlines()[-1] if text else 'it gave no reason'}. "
                "Try GIF or a folder of pictures.",
                text,
            )
