"""The disk that the node starts with: programs and images, so that it need not fetch them slowly."""

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from .places import KUBERNETES, NODE_TOOLS
from .processes import Process, eventually

_BYTES = 16 << 30


def make_disk(archives: Sequence[Path], folder: Path) -> Path:
    """An ext4 image with var/lib/containerd, which has the docker-archives unpacked, and node/bin.

    Containers start their programs anew all the time: read through the folder that the guest shares with
    this machine, that takes many seconds each; and unpacking an image there takes minutes.
    """
    home = folder / "disk"
    programs = home / "node/bin"
    programs.mkdir(parents=True)
    for program in (
        *(NODE_TOOLS / "usr/bin" / name for name in ("containerd", "containerd-shim-runc-v2", "ctr")),
        NODE_TOOLS / "usr/sbin/runc",
        *(NODE_TOOLS / "usr/lib/cni" / name for name in ("bridge", "host-local", "loopback")),
        KUBERNETES / "kubelet",
    ):
        shutil.copy(program, programs)
    _unpack(archives, home / "var/lib/containerd", folder)
    disk = folder / "disk.img"
    with disk.open("wb") as image:
        os.truncate(image.fileno(), _BYTES)
    subprocess.run(["/sbin/mke2fs", "-q", "-t", "ext4", "-d", home, disk], check=True)
    shutil.rmtree(home)
    return disk


def _unpack(archives: Sequence[Path], root: Path, folder: Path) -> None:
    root.mkdir(parents=True)
    socket = folder / "containerd.sock"
    config = folder / "containerd.toml"
    config.write_text(
        f"""version = 2
root = "{root}"
state = "{folder}/containerd"
disabled_plugins = ["io.containerd.grpc.v1.cri"]
[grpc]
  address = "{socket}"
"""
    )
    tools = NODE_TOOLS / "usr/bin"
    containerd = Process([tools / "containerd", "--config", config], folder / "containerd.log")
    ctr = [tools / "ctr", "--address", socket, "--namespace", "k8s.io"]
    try:
        eventually("containerd answers", lambda: _succeeds([*ctr, "version"]), 30, pause=0.1)
        for archive in archives:
            subprocess.run([*ctr, "images", "import", archive], check=True, capture_output=True)
    finally:
        containerd.stop()


def _succeeds(command: Sequence[str | Path]) -> bool:
    return subprocess.run(command, capture_output=True).returncode == 0
