"""The cluster and the driver of a run, and a namespace for each test."""

import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from harness.cluster import Cluster  # noqa: E402
from harness.driver import Driver  # noqa: E402
from harness.kubernetes import Kubernetes  # noqa: E402
from harness.places import RESULTS  # noqa: E402
from harness.processes import eventually  # noqa: E402


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--image", type=Path, required=True, help="docker-archive of the driver")


@pytest.fixture(scope="session")
def cluster(request: pytest.FixtureRequest) -> Iterator[Cluster]:
    shutil.rmtree(RESULTS, ignore_errors=True)
    cluster = Cluster(RESULTS, [request.config.getoption("--image").resolve()])
    print(f"\nthe cluster is ready after {cluster.seconds:.0f} s")
    yield cluster
    cluster.stop()


@pytest.fixture(scope="session")
def driver(cluster: Cluster) -> Driver:
    driver = Driver(cluster)
    try:
        driver.install()
    except AssertionError:
        print(driver.logs(), cluster.report())
        raise
    return driver


@pytest.fixture
def kubernetes(request: pytest.FixtureRequest, cluster: Cluster, driver: Driver) -> Iterator[Kubernetes]:
    """A namespace for the test; afterwards nothing of it may be left anywhere."""
    name = re.sub("[^a-z0-9]+", "-", request.node.name.lower()).strip("-")[:50].strip("-")
    kubernetes = cluster.namespaced(name)
    kubernetes.kubectl("create", "namespace", name)
    yield kubernetes
    failed = getattr(request.node, "failed", False)
    if failed:
        print(driver.logs(), cluster.report())
    kubernetes.kubectl("delete", "namespace", name, seconds=300)
    try:
        eventually("no PersistentVolume is left", lambda: not kubernetes.names("pv"), 120)
        eventually("no VolumeAttachment is left", lambda: not kubernetes.names("volumeattachments"), 120)
        eventually("no trace is left on the node", lambda: _none(driver.leftovers()), 60)
    except AssertionError:
        if not failed:
            print(driver.logs(), cluster.report())
        raise


def _none(left: str) -> bool:
    assert not left, left
    return True


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo) -> Iterator[None]:
    report = yield
    if report.failed:
        item.failed = True
    return report
