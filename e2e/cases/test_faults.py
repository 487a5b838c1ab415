"""What happens to pods while parts of the cluster, of the driver or of the network fail."""

from collections.abc import Iterator

import pytest

from harness.cluster import Cluster
from harness.driver import Driver
from harness.kubernetes import Kubernetes
from harness.processes import eventually
from harness.workloads import claim, pod
from harness.writer import WriteLog, start_writer

# The kernel notices a silent path after the keep-alive time of 5 s, at the latest after twice that.
SILENT_PATH_SECONDS = 15


@pytest.fixture
def log(kubernetes: Kubernetes) -> Iterator[WriteLog]:
    """Of a pod that writes, and has written without an error at the end of the test."""
    log = start_writer(kubernetes)
    yield log
    log.require_unharmed()


def test_a_pod_writes_on_while_a_portal_is_cut(log: WriteLog, cluster: Cluster) -> None:
    with cluster.node.cut("10.77.1.1"):
        eventually(
            "the kernel gives the path up for now",
            lambda: "connecting" in cluster.node.run("cat /sys/class/nvme/nvme*/state"),
            60,
        )
        log.await_more()
    eventually(
        "the path is back",
        lambda: "connecting" not in cluster.node.run("cat /sys/class/nvme/nvme*/state"),
        60,
    )
    assert log.longest_gap() < SILENT_PATH_SECONDS


def test_a_pod_does_not_notice_a_new_node_plugin(log: WriteLog, driver: Driver) -> None:
    driver.delete_pod("node")
    driver.await_ready()
    log.await_more()
    assert log.longest_gap() < 5


def test_a_pod_does_not_notice_a_new_target_agent(log: WriteLog, driver: Driver) -> None:
    driver.delete_pod("target")
    driver.await_ready()
    log.await_more()
    assert log.longest_gap() < 5


def test_a_restarted_kubelet_finds_the_driver(
    kubernetes: Kubernetes, log: WriteLog, cluster: Cluster
) -> None:
    cluster.node.restart_kubelet()
    kubernetes.apply(claim("later", "xfs", "512Mi"), pod("later", "later"))
    kubernetes.wait("pod/later", "condition=Ready")
    log.await_more()


@pytest.mark.usefixtures("undisturbed")
def test_a_controller_that_dies_while_it_provisions_leaks_nothing(
    kubernetes: Kubernetes, driver: Driver
) -> None:
    names = [f"data-{n}" for n in range(6)]
    kubernetes.apply(*(claim(name, "ext4") for name in names))
    driver.delete_pod("controller", grace_seconds=0)
    for name in names:
        kubernetes.wait(f"pvc/{name}", "jsonpath={.status.phase}=Bound")
    assert len(driver.volumes_at_target()) == len(names)


@pytest.mark.usefixtures("undisturbed")
def test_a_lost_node_is_shut_out_before_its_volume_moves(
    kubernetes: Kubernetes, cluster: Cluster, driver: Driver
) -> None:
    """The node is said to be out of service while its pod still writes: the detach ends its access."""
    start_writer(kubernetes, "hasty")
    with cluster.node.without_kubelet():
        taint = "node.kubernetes.io/out-of-service=nodeshutdown:NoExecute"
        kubernetes.kubectl("taint", "node", cluster.node.name, taint)
        try:
            kubernetes.kubectl("delete", "pod", "writer", "--force", "--grace-period=0")
            eventually(
                "the volume is detached", lambda: not kubernetes.names("volumeattachments"), 600, pause=2
            )
            first = driver.checksum_at_target()
            assert cluster.node.run("sleep 3") == ""
            assert driver.checksum_at_target() == first, "the volume changed after its node was shut out"
        finally:
            kubernetes.kubectl("taint", "node", cluster.node.name, f"{taint.split('=')[0]}-")
