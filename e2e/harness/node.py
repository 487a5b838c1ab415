"""The cluster's node: a guest with a real kernel, containerd and kubelet."""

import shlex
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

from .control_plane import NODE_NAME, ControlPlane
from .places import REPO
from .processes import Process

_SECONDS = 3600


class Node:
    """Starts the guest at once; it is a Node of the cluster some time later.

    What shall happen on the node beside Kubernetes (cut a portal, look at mounts) goes through `run`.
    """

    name = NODE_NAME

    def __init__(self, folder: Path, control_plane: ControlPlane, disk: Path) -> None:
        self.folder = folder
        self._numbers = count()
        staged = folder.parent / "node-files"
        staged.mkdir()
        for name in ("ca.crt", "kubelet.kubeconfig"):
            shutil.copy(control_plane.folder / name, staged)
        port = control_plane.kubelet_port
        self._guest = Process(
            [
                *(REPO / "tests/vm/guest", "--deadline", str(_SECONDS), "--results", folder),
                *("--memory", "4G", "--forward", str(port), "--disk", disk),
                *(REPO / "e2e/node", staged, NODE_NAME),
                *(str(control_plane.port), str(port)),
            ],
            folder.parent / "guest.log",
        )

    def run(self, command: str, seconds: float = 60) -> str:
        """Standard output of a shell command, run as root on the node; it has to succeed."""
        name = str(next(self._numbers))
        ask = self.folder / f"{name}.new"
        ask.write_text(f"cd /\n{command}\n")
        ask.rename(self.folder / "asked" / name)
        code = self.folder / "answers" / f"{name}.code"
        until = time.monotonic() + seconds
        while not code.exists():
            self._guest.require_running()
            if time.monotonic() > until:
                raise TimeoutError(f"on the node, not within {seconds} s: {command}")
            time.sleep(0.05)
        output = (self.folder / "answers" / f"{name}.out").read_text(errors="replace")
        if code.read_text().strip() != "0":
            raise subprocess.CalledProcessError(int(code.read_text()), shlex.quote(command), output)
        return output

    @contextmanager
    def cut(self, address: str) -> Iterator[None]:
        """Nothing reaches the portal at this address, and nobody is told."""
        self.run(f"nft add rule inet storage cut ip daddr {address} tcp dport 4420 drop")
        try:
            yield
        finally:
            self.run("nft flush chain inet storage cut")

    @contextmanager
    def without_kubelet(self) -> Iterator[None]:
        self.run("pkill -x kubelet; while pgrep -x kubelet; do sleep 0.1; done >/dev/null")
        try:
            yield
        finally:
            self.run("setsid /run/start-kubelet >/dev/null 2>&1 </dev/null &")

    def restart_kubelet(self) -> None:
        with self.without_kubelet():
            pass

    def require_running(self) -> None:
        self._guest.require_running()

    def stop(self) -> None:
        if (self.folder / "asked").exists():
            (self.folder / "asked" / "stop").touch()
        self._guest.wait(60)
