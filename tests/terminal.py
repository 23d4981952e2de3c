"""The real command line on a pseudo-terminal, and what its screen shows."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable
from dataclasses import dataclass, field

TOKEN = re.compile(r"\x1b\[\??([\d;]*)([A-Za-z])|.", re.DOTALL)


@dataclass
class Screen:
    """The lines that a terminal of this width shows, with those that have scrolled away. It knows what rich sends."""

    width: int
    lines: list[str] = field(default_factory=lambda: [""])
    row: int = 0
    column: int = 0

    def feed(self, text: str) -> None:
        for token in TOKEN.finditer(text):
            number, code = token.groups()
            if code is None:
                self._put(token[0])
            elif code == "A":
                self.row = max(0, self.row - int(number or 1))
            elif code == "K":
                self.lines[self.row] = ""

    def _put(self, character: str) -> None:
        if character == "\r":
            self.column = 0
            return
        if character == "\n" or self.column == self.width:
            self.row, self.column = self.row + 1, 0 if character != "\n" else self.column
            self.lines += [""] * (self.row + 1 - len(self.lines))
        if character >= " ":
            line = self.lines[self.row].ljust(self.column)
            self.lines[self.row] = line[: self.column] + character + line[self.column + 1 :]
            self.column += 1

    @property
    def text(self) -> str:
        return "\n".join(line.rstrip() for line in self.lines)


@dataclass(frozen=True)
class Session:
    """What a command showed: its exit status, everything it sent, and the screen after each time it sent something."""

    status: int
    sent: str
    screens: list[str]

    @property
    def final(self) -> str:
        return self.screens[-1]


def on_terminal(
    *arguments: object,
    size: tuple[int, int] = (40, 120),
    interrupt_when: Callable[[str], bool] = lambda _: False,
    **environment: str,
) -> Session:
    """Run the command line on a terminal of `size` (lines, columns); press Ctrl-C once the screen is like that."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", *size, 0, 0))
    inherited = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES", "NO_COLOR")}
    process = subprocess.Popen(
        [sys.executable, "-m", "pslbench", *map(str, arguments)],
        stdin=slave,
        stdout=slave,
        stderr=slave,
        env={**inherited, "TERM": "xterm-256color", **environment},
        start_new_session=True,
        preexec_fn=_prepare_terminal,
    )
    os.close(slave)
    screen, sent, screens, is_interrupted = Screen(size[1]), "", [], False
    deadline = time.monotonic() + 240
    try:
        while chunk := _read(master):
            sent += (text := chunk.decode(errors="replace"))
            screen.feed(text)
            screens.append(screen.text)
            if not is_interrupted and interrupt_when(screen.text):
                is_interrupted = bool(os.write(master, b"\x03"))
            assert time.monotonic() < deadline, screen.text
    finally:
        os.close(master)
        if process.poll() is None and time.monotonic() >= deadline:
            process.send_signal(signal.SIGKILL)
    return Session(process.wait(timeout=30), sent, screens)


def _prepare_terminal() -> None:
    """Make the standard input the controlling terminal, and heed Ctrl-C, which a shell's background job ignores."""
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def _read(master: int) -> bytes:
    try:
        return os.read(master, 2**16)
    except OSError:  # the command has ended
        return b""
