"""A whole cluster: control plane on this machine, one node in a guest."""

import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

from .control_plane import NODE_NAME, ControlPlane
from .disk import make_disk
from .images import program_image, shell_image
from .kubernetes import Kubernetes
from .node import Node
from .places import KUBERNETES
from .processes import eventually

_IMAGE_OF_EXAMPLES = "docker.io/library/busybox:1.36"
SIDECARS = ("csi-provisioner", "csi-attacher", "csi-resizer")


class Cluster:
    """Ready when the constructor returns. FOLDER keeps its logs and must not exist."""

    def __init__(self, folder: Path, images: Sequence[Path]) -> None:
        began = time.monotonic()
        folder.mkdir(parents=True)
        archives = folder / "images"
        archives.mkdir()
        made = [
            shell_image("pause", ["/bin/sleep", "2000000000"], archives),
            shell_image("shell", ["/bin/sh"], archives, also=[_IMAGE_OF_EXAMPLES]),
            *(program_image(name, KUBERNETES / name, archives) for name in SIDECARS),
        ]
        self.control_plane = ControlPlane(folder / "control-plane")
        try:
            disk = make_disk([*made, *images], folder)
            self.node = Node(folder / "node", self.control_plane, disk)
            admin = self.namespaced("default")
            eventually("the node is ready", lambda: self._is_ready(admin), 300, pause=1)
        except BaseException:
            self.stop()
            raise
        self.seconds = time.monotonic() - began

    def namespaced(self, namespace: str) -> Kubernetes:
        return Kubernetes(self.control_plane.kubeconfig("admin"), namespace)

    def report(self) -> str:
        """What somebody needs who asks why a test failed."""
        kubernetes = self.namespaced("default")
        parts = []
        for title, what in (
            ("objects", ["get", "pods,pvc,pv,volumeattachments", "-A", "-o", "wide"]),
            ("events", ["get", "events", "-A", "--sort-by=.metadata.creationTimestamp"]),
            ("pods", ["describe", "pods", "-A"]),
        ):
            parts += [f"--- {title}", _said_by(kubernetes, what)]
        try:
            parts += ["--- the node's kernel", self.node.run("dmesg | tail -n 60")]
            parts += ["--- NVMe", self.node.run("nvme list-subsys || true")]
        except (RuntimeError, TimeoutError, subprocess.CalledProcessError) as error:
            parts += [f"--- the node does not answer: {error}"]
        return "\n".join(parts)

    def stop(self) -> None:
        if hasattr(self, "node"):
            self.node.stop()
        self.control_plane.stop()

    def _is_ready(self, admin: Kubernetes) -> bool:
        self.node.require_running()
        nodes = admin.objects("nodes")
        if not nodes:
            return False
        conditions = {each["type"]: each["status"] for each in nodes[0]["status"]["conditions"]}
        return nodes[0]["metadata"]["name"] == NODE_NAME and conditions.get("Ready") == "True"


def _said_by(kubernetes: Kubernetes, what: list[str]) -> str:
    try:
        return kubernetes.kubectl(*what)
    except (AssertionError, subprocess.TimeoutExpired) as error:
        return str(error)
