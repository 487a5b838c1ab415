"""What happens to volumes in use when somebody changes the release."""

import pytest

from harness.cluster import Cluster
from harness.driver import Driver
from harness.kubernetes import Kubernetes
from harness.workloads import claim, pod
from harness.writer import WriteLog, writer


def test_a_pod_does_not_notice_an_upgrade(kubernetes: Kubernetes, driver: Driver) -> None:
    kubernetes.apply(claim("data", "ext4"), writer("writer", "data"))
    kubernetes.wait("pod/writer", "condition=Ready")
    log = WriteLog(kubernetes, "writer")
    log.await_more()
    before = driver.pods()
    driver.upgrade("--set", "commonAnnotations.upgraded=yes")
    driver.await_ready()
    assert not set(before) & set(driver.pods()), "each pod of the driver is a new one"
    log.await_more()
    log.require_unharmed()
    assert log.longest_gap() < 5


@pytest.mark.usefixtures("undisturbed")
def test_a_removed_release_leaves_volumes_in_use(
    kubernetes: Kubernetes, driver: Driver, cluster: Cluster
) -> None:
    kubernetes.apply(claim("data", "ext4"), writer("writer", "data"))
    kubernetes.wait("pod/writer", "condition=Ready")
    log = WriteLog(kubernetes, "writer")
    log.await_more()
    driver.uninstall()
    log.await_more()
    driver.install()
    log.await_more()
    log.require_unharmed()
    kubernetes.apply(pod("second", "data"))
    kubernetes.wait("pod/second", "condition=Ready")
