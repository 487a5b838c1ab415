"""What happens to volumes in use when somebody changes the release."""

import pytest

from harness.driver import Driver
from harness.kubernetes import Kubernetes
from harness.workloads import pod
from harness.writer import start_writer


def test_a_pod_does_not_notice_an_upgrade(kubernetes: Kubernetes, driver: Driver) -> None:
    log = start_writer(kubernetes)
    before = driver.pods()
    driver.upgrade("--set", "commonAnnotations.upgraded=yes")
    driver.await_ready()
    assert not set(before) & set(driver.pods()), "each pod of the driver is a new one"
    log.await_more()
    log.require_unharmed()
    assert log.longest_gap() < 5


@pytest.mark.usefixtures("undisturbed")
def test_a_removed_release_leaves_volumes_in_use(kubernetes: Kubernetes, driver: Driver) -> None:
    log = start_writer(kubernetes)
    driver.uninstall()
    log.await_more()
    driver.install()
    log.await_more()
    log.require_unharmed()
    kubernetes.apply(pod("second", "data"))
    kubernetes.wait("pod/second", "condition=Ready")
