"""Each manifest of deploy/examples does what it is an example of."""

import json
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from harness.cluster import Cluster
from harness.driver import Driver
from harness.kubernetes import Kubernetes
from harness.places import REPO
from harness.processes import eventually
from harness.workloads import claim, pod

EXAMPLES = REPO / "deploy/examples"


@pytest.fixture
def examples(kubernetes: Kubernetes) -> Iterator[Kubernetes]:
    classes = sorted(EXAMPLES.glob("storageclass-*.yaml"))
    for each in classes:
        kubernetes.kubectl("apply", "-f", str(each))
    yield kubernetes
    for each in classes:
        kubernetes.kubectl("delete", "-f", str(each))


def apply(kubernetes: Kubernetes, name: str) -> None:
    kubernetes.kubectl("apply", "-f", str(EXAMPLES / name))


def await_writes(kubernetes: Kubernetes, name: str) -> None:
    kubernetes.wait(f"pod/{name}", "condition=Ready")
    eventually(f"{name} writes", lambda: kubernetes.exec(name, "cat /data/log"), 30)


def test_a_pod_writes(examples: Kubernetes) -> None:
    apply(examples, "pod.yaml")
    await_writes(examples, "nvmeof-writer")


def test_a_pod_has_a_disk(examples: Kubernetes) -> None:
    apply(examples, "pod-block.yaml")
    (name,) = (each["metadata"]["name"] for each in examples.objects("pods"))
    examples.wait(f"pod/{name}", "condition=Ready")


def test_each_pod_of_a_set_writes(examples: Kubernetes) -> None:
    apply(examples, "statefulset.yaml")
    for number in range(3):
        eventually("the pod is made", lambda n=number: f"nvmeof-set-{n}" in examples.names("pods"), 120)
        await_writes(examples, f"nvmeof-set-{number}")
    assert len(examples.names("pvc")) == 3


def test_a_volume_that_was_kept_is_attached_by_hand(examples: Kubernetes) -> None:
    apply(examples, "pod.yaml")
    await_writes(examples, "nvmeof-writer")
    name = examples.get("pvc", "nvmeof-data")["spec"]["volumeName"]
    handle = examples.get("pv", name)["spec"]["csi"]["volumeHandle"]
    examples.kubectl("patch", "pv", name, "-p", '{"spec":{"persistentVolumeReclaimPolicy":"Retain"}}')
    examples.delete("pod", "nvmeof-writer")
    examples.delete("pvc", "nvmeof-data")
    examples.delete("pv", name)

    text = (EXAMPLES / "static-pv.yaml").read_text()
    text = text.replace("nvmet:storage:1d018bc8cada4d98a7e96f9077169c48", handle)
    examples.kubectl(
        "apply", "-f", "-", text=text.replace("namespace: default", f"namespace: {examples.namespace}")
    )
    examples.apply(pod("reader", "nvmeof-adopted"))
    examples.wait("pod/reader", "condition=Ready")
    assert examples.exec("reader", "cat /data/log")

    # Nobody but a dynamic volume's own claim deletes it: take it up as one.
    examples.delete("pod", "reader")
    examples.kubectl(
        "patch", "pv", "nvmeof-adopted", "-p", '{"spec":{"persistentVolumeReclaimPolicy":"Delete"}}'
    )
    examples.kubectl("annotate", "pv", "nvmeof-adopted", "pv.kubernetes.io/provisioned-by=csi.nvmeof.dev")
    examples.delete("pvc", "nvmeof-adopted")


@contextmanager
def array(cluster: Cluster, nqn: str, uuid: str, portal: tuple[str, str]) -> Iterator[None]:
    """A subsystem that no agent of ours knows, for the node's host NQN alone."""
    root = "/sys/kernel/config/nvmet"
    subsystem, port = f"{root}/subsystems/{nqn}", f"{root}/ports/900"
    host = cluster.node.run("cat /etc/nvme/hostnqn").strip()
    # Of the node's own disk: the kernel target shows a file of an overlay as a disk without bytes.
    disk = "/var/lib/containerd/array.img"
    address, service = portal
    cluster.node.run(f"""set -e
        truncate -s 1G {disk}
        mkdir {subsystem} {subsystem}/namespaces/1 {port}
        echo {disk} >{subsystem}/namespaces/1/device_path
        echo {uuid} >{subsystem}/namespaces/1/device_uuid
        echo 1 >{subsystem}/namespaces/1/enable
        # The agent of an earlier case may just take the same host away.
        for try in 1 2 3 4 5; do
            mkdir -p {root}/hosts/{host}
            ln -s {root}/hosts/{host} {subsystem}/allowed_hosts/ && break || sleep 1
        done
        echo tcp >{port}/addr_trtype
        echo ipv4 >{port}/addr_adrfam
        echo {address} >{port}/addr_traddr
        echo {service} >{port}/addr_trsvcid
        ln -s {subsystem} {port}/subsystems/""")
    try:
        yield
    finally:
        cluster.node.run(f"""set -e
            rm {port}/subsystems/{nqn} {subsystem}/allowed_hosts/{host}
            rmdir {port} {subsystem}/namespaces/1 {subsystem}
            rmdir {root}/hosts/{host} || true
            rm {disk}""")


def await_departure(cluster: Cluster, nqn: str) -> None:
    connected = "cat /sys/class/nvme/*/subsysnqn 2>/dev/null || true"
    eventually("the node left", lambda: nqn not in cluster.node.run(connected), 60)


def test_a_subsystem_of_any_array_is_attached_by_hand(cluster: Cluster, kubernetes: Kubernetes) -> None:
    nqn, uuid = "nqn.2010-06.com.example:array-1", "6d0e1f4c-5a30-4b1c-8ec1-9c39d3a3a001"
    text = (EXAMPLES / "array-pv.yaml").read_text()
    assert nqn in text
    assert uuid in text
    address = cluster.node.run("hostname -I").split()[0]
    text = text.replace("192.0.2.10,192.0.2.11:4420", f"{address}:4455")
    with array(cluster, nqn, uuid, (address, "4455")):
        kubernetes.kubectl(
            "apply", "-f", "-", text=text.replace("namespace: default", f"namespace: {kubernetes.namespace}")
        )
        kubernetes.apply(pod("writer", "array-1-db1", command="date >/data/log; sync; sleep 100000"))
        kubernetes.wait("pod/writer", "condition=Ready")
        eventually("writer writes", lambda: kubernetes.exec("writer", "cat /data/log"), 30)
        kubernetes.delete("pod", "writer")
        await_departure(cluster, nqn)
        kubernetes.apply(pod("reader", "array-1-db1"))
        kubernetes.wait("pod/reader", "condition=Ready")
        assert kubernetes.exec("reader", "cat /data/log")
        kubernetes.delete("pod", "reader")
        kubernetes.delete("pvc", "array-1-db1")
        kubernetes.delete("pv", "array-1-db1")


def test_a_claim_takes_the_volume_of_the_inventory_that_is_large_enough(
    cluster: Cluster, driver: Driver, kubernetes: Kubernetes
) -> None:
    nqn, uuid = "nqn.2010-06.com.example:array-2", "6d0e1f4c-5a30-4b1c-8ec1-9c39d3a3a002"
    address = cluster.node.run("hostname -I").split()[0]
    portals = f"{address}:4456"
    volumes = [
        {
            "name": "array-2-small",
            "size": "64Mi",
            "target": {"nqn": f"{nqn}-small", "portals": portals, "nsid": "1"},
        },
        {"name": "array-2-large", "size": "1Gi", "target": {"nqn": nqn, "portals": portals, "uuid": uuid}},
    ]
    with array(cluster, nqn, uuid, (address, "4456")):
        driver.upgrade("--set-json", f"staticVolumes.volumes={json.dumps(volumes)}")
        kubernetes.apply(claim("data", "nvmeof-static", size="512Mi"))
        kubernetes.apply(pod("writer", "data", command="date >/data/log; sync; sleep 100000"))
        await_writes(kubernetes, "writer")
        assert kubernetes.get("pvc", "data")["spec"]["volumeName"] == "array-2-large"
        kubernetes.delete("pod", "writer")
        await_departure(cluster, nqn)
        kubernetes.delete("pvc", "data")
        driver.upgrade()
        # Taken out of the inventory, and released: what is on it stays somebody's data.
        status = kubernetes.get("pv", "array-2-large")["status"]
        assert status["phase"] == "Released"
        kubernetes.delete("pv", "array-2-large")
        kubernetes.delete("pv", "array-2-small")
