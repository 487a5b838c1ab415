"""The cluster and the driver of a run, and a namespace for each test."""

import re
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from harness.cluster import Cluster  # noqa: E402
from harness.driver import Driver  # noqa: E402
from harness.kubernetes import Kubernetes  # noqa: E402
from harness.places import RESULTS  # noqa: E402


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--image", type=Path, required=True, help="docker-archive of the driver")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: item.get_closest_marker("last") is not None)


@pytest.fixture(scope="session")
def cluster(request: pytest.FixtureRequest) -> Iterator[Cluster]:
    shutil.rmtree(RESULTS, ignore_errors=True)
    cluster = Cluster(RESULTS, [request.config.getoption("--image").resolve()])
    print(f"\nthe cluster is ready after {cluster.seconds:.0f} s")
    yield cluster
    cluster.stop()


@pytest.fixture(scope="session")
def driver(cluster: Cluster) -> Iterator[Driver]:
    """Installed; after all tests nothing may be left of any volume."""
    driver = Driver(cluster)
    with _report_of_failure(cluster, driver):
        driver.install()
    yield driver
    with _report_of_failure(cluster, driver):
        driver.await_nothing_left()


@pytest.fixture
def kubernetes(request: pytest.FixtureRequest, cluster: Cluster, driver: Driver) -> Iterator[Kubernetes]:
    """A namespace for the test. What was in it goes while the next test runs."""
    name = re.sub("[^a-z0-9]+", "-", request.node.name.lower()).strip("-")[:50].strip("-")
    kubernetes = cluster.namespaced(name)
    kubernetes.kubectl("create", "namespace", name)
    yield kubernetes
    if getattr(request.node, "failed", False):
        print(driver.logs(), cluster.report())
    kubernetes.kubectl("delete", "namespace", name, "--wait=false")


@pytest.fixture
def undisturbed(driver: Driver) -> None:
    """For a test that looks at more than its own namespace: those before it have left nothing."""
    driver.await_nothing_left()


@contextmanager
def _report_of_failure(cluster: Cluster, driver: Driver) -> Iterator[None]:
    try:
        yield
    except AssertionError:
        print(driver.logs(), cluster.report())
        raise


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo) -> Iterator[None]:
    report = yield
    if report.failed:
        item.failed = True
    return report
