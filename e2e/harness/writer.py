"""A pod that writes and syncs without a pause, and the log of what its volume accepted."""

from .kubernetes import Kubernetes
from .processes import eventually
from .workloads import claim, pod

# One line for each write that was synced: seconds since the node's boot, and the number written.
_ACCEPTED = "/tmp/accepted"
_LOOP = f"""
n=0
while true; do
  n=$((n + 1))
  printf '%010d\\n' $n 1<>/data/written && sync -d /data/written || exit 1
  read -r now rest </proc/uptime
  echo "$now $n" >>{_ACCEPTED}
done
"""


class WriteLog:
    def __init__(self, kubernetes: Kubernetes, name: str) -> None:
        self._kubernetes = kubernetes
        self._name = name

    def lines(self) -> list[tuple[float, int]]:
        """(seconds, number) of each accepted write."""
        text = self._kubernetes.exec(self._name, f"cat {_ACCEPTED}")
        return [(float(when), int(number)) for when, number in map(str.split, text.splitlines())]

    def last(self) -> int:
        lines = self._kubernetes.exec(self._name, f"tail -n 1 {_ACCEPTED}").split()
        return int(lines[1]) if lines else 0

    def await_more(self, writes: int = 20, seconds: float = 120) -> None:
        eventually("the pod writes", lambda: self.last() > 0, seconds)
        goal = self.last() + writes
        eventually(f"{writes} more writes are accepted", lambda: self.last() >= goal, seconds)

    def longest_gap(self) -> float:
        times = [when for when, _ in self.lines()]
        return max(later - earlier for earlier, later in zip(times, times[1:], strict=False))

    def require_unharmed(self) -> None:
        """The writer has never seen an error, and the volume holds the last write."""
        name = self._name
        status = self._kubernetes.get("pod", name)["status"]["containerStatuses"][0]
        assert status["restartCount"] == 0, f"the writer ended: {status}"
        assert "running" in status["state"], f"the writer ended: {status}"
        accepted, stored = self.last(), int(self._kubernetes.exec(name, "cat /data/written") or 0)
        assert stored >= accepted, f"{accepted} was accepted, the volume holds {stored}"


def start_writer(kubernetes: Kubernetes, storage_class: str = "ext4") -> WriteLog:
    """The pod `writer` on the claim `data`; it has written when this returns."""
    kubernetes.apply(claim("data", storage_class), pod("writer", "data", command=_LOOP))
    kubernetes.wait("pod/writer", "condition=Ready")
    log = WriteLog(kubernetes, "writer")
    log.await_more()
    return log
