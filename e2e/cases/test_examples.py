"""Each manifest of deploy/examples does what it is an example of."""

from collections.abc import Iterator

import pytest

from harness.kubernetes import Kubernetes
from harness.places import REPO
from harness.processes import eventually
from harness.workloads import pod

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
