"""Programs that run beside the tests, and what one waits for."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path


class Process:
    """A program in a session of its own, so that its children end with it. Output goes to a file."""

    def __init__(self, command: list[str | Path], log: Path) -> None:
        self._name = Path(command[0]).name
        self._log = log
        with log.open("wb") as output:
            self._child = subprocess.Popen(
                [str(word) for word in command],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def require_running(self) -> None:
        code = self._child.poll()
        if code is not None:
            end = self._log.read_text(errors="replace")[-4000:]
            raise RuntimeError(f"{self._name} ended with {code}:\n{end}")

    def wait(self, seconds: float) -> None:
        try:
            self._child.wait(seconds)
        except subprocess.TimeoutExpired:
            self.stop()

    def stop(self) -> None:
        for number in (signal.SIGTERM, signal.SIGKILL):
            if self._child.poll() is not None:
                return
            os.killpg(self._child.pid, number)
            try:
                self._child.wait(20)
            except subprocess.TimeoutExpired:
                continue


def eventually(what: str, condition: Callable[[], object], seconds: float, pause: float = 0.5) -> None:
    """Waits until the condition is true; an AssertionError of the last attempt says why it is not."""
    until = time.monotonic() + seconds
    while True:
        try:
            if condition():
                return
            why = ""
        except AssertionError as error:
            why = f": {error}"
        assert time.monotonic() < until, f"not within {seconds} s: {what}{why}"
        time.sleep(pause)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
