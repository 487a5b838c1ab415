"""The driver in the cluster, as its chart installs it."""

import subprocess

from .cluster import Cluster
from .kubernetes import Manifest
from .places import HELM, REPO
from .processes import eventually

NAMESPACE = "nvmeof-csi"
ZONE = "topology.kubernetes.io/zone"
_RELEASE = "nvmeof-csi"
_SELECTOR = "app.kubernetes.io/name=nvmeof-csi"
_IMAGES = "/var/lib/nvmeof-csi-pool/images"


class Driver:
    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._kubernetes = cluster.namespaced(NAMESPACE)
        self._kubernetes.kubectl(
            "label", "node", cluster.node.name, "csi.nvmeof.dev/target=storage", f"{ZONE}=here"
        )

    def install(self) -> None:
        self._helm("install", *self._chart(), "--create-namespace")
        self.await_ready()

    def upgrade(self, *options: str) -> None:
        self._helm("upgrade", *self._chart(), *options)

    def uninstall(self) -> None:
        self._helm("uninstall", _RELEASE, "--wait", "--timeout", "3m")

    def await_ready(self) -> None:
        """Every pod is there, is the newest, and says that it is ready."""
        for what in ("deployment", "daemonset"):
            for name in self._kubernetes.names(what):
                self._kubernetes.kubectl("rollout", "status", f"{what}/{name}", "--timeout=240s", seconds=260)

    def pods(self, component: str | None = None) -> list[str]:
        """Without those that end."""
        selector = _SELECTOR
        if component is not None:
            selector += f",app.kubernetes.io/component={component}"
        pods = self._kubernetes.objects("pods", "-l", selector)
        return [each["metadata"]["name"] for each in pods if "deletionTimestamp" not in each["metadata"]]

    def delete_pod(self, component: str, grace_seconds: int | None = None) -> None:
        options = [] if grace_seconds is None else ["--force", f"--grace-period={grace_seconds}"]
        before = self.pods(component)
        self._kubernetes.kubectl("delete", "pod", *before, *options)
        eventually(
            f"a new pod of the {component}",
            lambda: set(self.pods(component)) - set(before),
            60,
        )

    def logs(self) -> str:
        parts = []
        for name in self.pods():
            try:
                text = self._kubernetes.kubectl("logs", name, "--all-containers", "--prefix", "--tail=80")
            except AssertionError as error:
                text = str(error)
            parts.append(f"--- {name}\n{text}")
        return "\n".join(parts)

    def volumes_at_target(self) -> list[str]:
        """Of the volumes' files in the pool."""
        return self._cluster.node.run(f"find {_IMAGES} -type f").split()

    def checksum_at_target(self) -> str:
        """Of what the pool holds. Not a sync of all: that waits for disks that nobody can reach."""
        command = f"sync -f {_IMAGES} && find {_IMAGES} -type f -exec sha256sum {{}} +"
        return self._cluster.node.run(command, seconds=180)

    def await_nothing_left(self) -> None:
        """No volume is left in the API, on the node or at the target."""

        def nothing_on_the_node() -> bool:
            left = self._leftovers()
            assert not left, left
            return True

        kubernetes = self._kubernetes
        eventually("no PersistentVolume is left", lambda: not kubernetes.names("pv"), 300, pause=1)
        eventually("no VolumeAttachment is left", lambda: not kubernetes.names("volumeattachments"), 120)
        eventually("no trace is left on the node", nothing_on_the_node, 120, pause=1)

    def _leftovers(self) -> str:
        """Connections, mounts, exports, files and records of volumes; empty when there is none."""
        return self._cluster.node.run(
            f"find {_IMAGES} -type f;"
            "ls -d /sys/class/nvme-subsystem/* 2>/dev/null;"
            "ls -d /sys/kernel/config/nvmet/subsystems/* 2>/dev/null;"
            "ls /var/lib/nvmeof-csi/volumes /var/lib/nvmeof-csi/connections | grep -v : ;"
            "grep /csi.nvmeof.dev/ /proc/mounts;"
            "true"
        ).strip()

    def rules(self) -> list[Manifest]:
        """What the pods' service accounts may do, of all roles."""
        roles = self._kubernetes.objects("clusterroles,roles", "-l", _SELECTOR)
        return [rule for role in roles for rule in role["rules"]]

    def memory_of_node_plugin(self) -> str:
        """Resident, all of it and by kind, as the node's kernel counts it."""
        return self._cluster.node.run(
            "grep -E '^(VmRSS|RssAnon|RssFile):' /proc/$(pgrep -f '^/usr/bin/nvmeof-csi node')/status"
        )

    def overview(self) -> str:
        """What `kubectl get` shows of the driver and the volumes."""
        wide = self._kubernetes.kubectl("get", "pods,pvc,volumeattachments", "-A")
        return wide + self._kubernetes.kubectl("get", "csidrivers,csinodes,storageclasses")

    def _chart(self) -> list[str]:
        return [_RELEASE, str(REPO / "charts/nvmeof-csi"), "--values", str(REPO / "e2e/values.yaml")]

    def _helm(self, *arguments: str) -> None:
        command = [
            *(str(HELM), "--kubeconfig", str(self._kubernetes.kubeconfig)),
            *("--namespace", NAMESPACE, *arguments),
        ]
        done = subprocess.run(command, capture_output=True, text=True, timeout=400)
        assert done.returncode == 0, f"helm {arguments[0]}: {done.stdout}{done.stderr}"
