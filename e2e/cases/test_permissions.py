"""The chart grants what the driver's pods ask of the API server, and nothing else."""

import pytest

from harness.cluster import Cluster
from harness.control_plane import Request
from harness.driver import NAMESPACE, Driver

# Needed in situations that no case brings about.
_SELDOM = {
    # The provisioner gives a claim back to the scheduler when there is no room where it should go.
    Request("update", "", "persistentvolumeclaims"),
}


def granted(driver: Driver) -> set[Request]:
    return {
        Request(verb, group, resource)
        for rule in driver.rules()
        for verb in rule["verbs"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
    }


# It judges what all other cases have asked for.
@pytest.mark.last
def test_every_permission_is_used_and_none_is_missing(
    request: pytest.FixtureRequest, cluster: Cluster, driver: Driver
) -> None:
    if request.config.getoption("keyword") or request.config.getoption("file_or_dir"):
        pytest.skip("some cases were not run")
    permissions = granted(driver)
    used, refused = cluster.control_plane.requests(f"system:serviceaccount:{NAMESPACE}:")
    # The others are refused while a release is removed: its roles go before its pods.
    assert not refused - permissions, "permissions that are missing"
    # Who may list may read: `get` adds nothing.
    used |= {each._replace(verb="get") for each in used if each.verb == "list"}
    assert not permissions - used - _SELDOM, "permissions that nobody uses"
