"""What users of volumes do."""

import pytest

from harness.driver import ZONE, Driver
from harness.kubernetes import Kubernetes
from harness.processes import eventually
from harness.workloads import DISK, MIB, block_claim, claim, pod

FILE_SYSTEMS = ("ext4", "xfs")


def start(kubernetes: Kubernetes, *pods: dict) -> None:
    kubernetes.apply(*pods)
    for each in pods:
        kubernetes.wait(f"pod/{each['metadata']['name']}", "condition=Ready")


@pytest.mark.parametrize("fs_type", FILE_SYSTEMS)
def test_another_pod_reads_what_the_first_wrote(kubernetes: Kubernetes, fs_type: str) -> None:
    kubernetes.apply(claim("data", fs_type, "512Mi"))
    start(kubernetes, pod("first", "data"))
    checksum = kubernetes.exec(
        "first", "dd if=/dev/urandom of=/data/file bs=1M count=16 2>/dev/null; sync; sha256sum </data/file"
    )
    assert fs_type in kubernetes.exec("first", "grep ' /data ' /proc/mounts")
    kubernetes.delete("pod", "first")
    start(kubernetes, pod("second", "data"))
    assert kubernetes.exec("second", "sha256sum </data/file") == checksum


def test_another_pod_reads_the_same_blocks(kubernetes: Kubernetes) -> None:
    kubernetes.apply(block_claim("disk", "block"))
    start(kubernetes, pod("first", "disk", block=True))
    kubernetes.exec("first", f"echo mark | dd of={DISK} bs=512 seek=100 conv=sync,fsync 2>/dev/null")
    kubernetes.delete("pod", "first")
    start(kubernetes, pod("second", "disk", block=True))
    assert (
        kubernetes.exec("second", f"dd if={DISK} bs=512 skip=100 count=1 2>/dev/null | head -n 1") == "mark\n"
    )


def test_a_volume_is_made_where_its_first_pod_goes(kubernetes: Kubernetes) -> None:
    kubernetes.apply(claim("data", "wait-for-pod"))
    kubernetes.await_event("PersistentVolumeClaim", "data", "WaitForFirstConsumer")
    assert kubernetes.get("pvc", "data")["status"]["phase"] == "Pending"
    start(kubernetes, pod("first", "data"))
    bound = kubernetes.get("pvc", "data")
    assert bound["status"]["phase"] == "Bound"
    volume = kubernetes.get("pv", bound["spec"]["volumeName"])
    assert volume["spec"]["nodeAffinity"] == {
        "required": {
            "nodeSelectorTerms": [{"matchExpressions": [{"key": ZONE, "operator": "In", "values": ["here"]}]}]
        }
    }


def grow(kubernetes: Kubernetes, name: str, size: str) -> None:
    kubernetes.kubectl(
        "patch", "pvc", name, "-p", f'{{"spec":{{"resources":{{"requests":{{"storage":"{size}"}}}}}}}}'
    )


@pytest.mark.parametrize("fs_type", FILE_SYSTEMS)
def test_a_file_system_grows_under_its_pod(kubernetes: Kubernetes, fs_type: str) -> None:
    kubernetes.apply(claim("data", fs_type, "512Mi"))
    start(kubernetes, pod("user", "data"))
    grow(kubernetes, "data", "1Gi")

    def has_grown() -> bool:
        kib = int(kubernetes.exec("user", "df -k /data | tail -n 1 | awk '{print $2}'"))
        assert kib > 800 * 1024, f"/data has {kib} KiB"
        return True

    eventually("the pod sees the new size", has_grown, 90)


def test_a_disk_grows_under_its_pod(kubernetes: Kubernetes) -> None:
    kubernetes.apply(block_claim("disk", "block", "64Mi"))
    start(kubernetes, pod("user", "disk", block=True))
    grow(kubernetes, "disk", "128Mi")

    def has_grown() -> bool:
        size = int(kubernetes.exec("user", f"blockdev --getsize64 {DISK}"))
        assert size == 128 * MIB, f"{DISK} has {size} bytes"
        return True

    eventually("the pod sees the new size", has_grown, 90)


def test_two_pods_of_a_node_share_a_volume(kubernetes: Kubernetes) -> None:
    kubernetes.apply(claim("data", "ext4"))
    start(kubernetes, pod("first", "data"), pod("second", "data"))
    kubernetes.exec("first", "echo hello >/data/file")
    assert kubernetes.exec("second", "cat /data/file") == "hello\n"
    kubernetes.delete("pod", "first")
    assert kubernetes.exec("second", "cat /data/file") == "hello\n"


def test_a_volume_of_one_pod_has_one_pod(kubernetes: Kubernetes) -> None:
    kubernetes.apply(claim("data", "ext4", mode="ReadWriteOncePod"))
    start(kubernetes, pod("first", "data"))
    kubernetes.apply(pod("second", "data"))
    kubernetes.await_event("Pod", "second", "ReadWriteOncePod")
    kubernetes.delete("pod", "first")
    kubernetes.wait("pod/second", "condition=Ready")


def test_two_pods_open_a_shared_disk(kubernetes: Kubernetes) -> None:
    kubernetes.apply(block_claim("disk", "block", mode="ReadWriteMany"))
    start(kubernetes, pod("first", "disk", block=True), pod("second", "disk", block=True))
    kubernetes.exec("first", f"echo hello | dd of={DISK} bs=4096 conv=sync,fsync 2>/dev/null")
    read = f"dd if={DISK} bs=4096 count=1 iflag=direct 2>/dev/null | head -n 1"
    assert kubernetes.exec("second", read) == "hello\n"


def test_the_group_of_a_pod_may_write(kubernetes: Kubernetes) -> None:
    kubernetes.apply(claim("data", "ext4"))
    who = {"runAsUser": 1234, "runAsGroup": 1234, "fsGroup": 4321}
    start(kubernetes, pod("user", "data", securityContext=who))
    kubernetes.exec("user", "echo mine >/data/file")
    assert kubernetes.exec("user", "stat -c '%u %g' /data/file") == "1234 4321\n"


def test_a_pod_that_may_only_read_cannot_write(kubernetes: Kubernetes) -> None:
    kubernetes.apply(claim("data", "ext4"))
    start(kubernetes, pod("writer", "data"))
    kubernetes.exec("writer", "echo text >/data/file; sync")
    kubernetes.delete("pod", "writer")
    reader = pod("reader", "data")
    reader["spec"]["volumes"][0]["persistentVolumeClaim"]["readOnly"] = True
    start(kubernetes, reader)
    assert kubernetes.exec("reader", "cat /data/file") == "text\n"
    with pytest.raises(AssertionError, match="Read-only file system"):
        kubernetes.exec("reader", "echo more >/data/file")


def test_a_pod_has_a_folder_of_a_volume(kubernetes: Kubernetes) -> None:
    kubernetes.apply(claim("data", "xfs", "512Mi"))
    user = pod("user", "data")
    user["spec"]["containers"][0]["volumeMounts"][0]["subPath"] = "a/b"
    start(kubernetes, user)
    kubernetes.exec("user", "echo deep >/data/file; sync")
    kubernetes.delete("pod", "user")
    start(kubernetes, pod("all", "data"))
    assert kubernetes.exec("all", "cat /data/a/b/file") == "deep\n"


def test_an_ephemeral_volume_lives_as_long_as_its_pod(kubernetes: Kubernetes) -> None:
    user = pod("user", "unused")
    spec = claim("unused", "ext4")["spec"]
    user["spec"]["volumes"] = [{"name": "data", "ephemeral": {"volumeClaimTemplate": {"spec": spec}}}]
    start(kubernetes, user)
    kubernetes.exec("user", "echo text >/data/file")
    assert kubernetes.names("pvc") == ["user-data"]
    kubernetes.delete("pod", "user")
    eventually("the claim goes with its pod", lambda: not kubernetes.names("pvc"), 60)


def test_each_replica_has_its_own_volume(kubernetes: Kubernetes) -> None:
    template = pod("unused", "unused", command="echo $HOSTNAME >>/data/who; sleep 100000")["spec"]
    del template["volumes"]
    labels = {"app": "replicas"}
    kubernetes.apply(
        {
            "apiVersion": "apps/v1",
            "kind": "StatefulSet",
            "metadata": {"name": "db"},
            "spec": {
                "serviceName": "db",
                "replicas": 3,
                "podManagementPolicy": "Parallel",
                "selector": {"matchLabels": labels},
                "template": {"metadata": {"labels": labels}, "spec": template},
                "volumeClaimTemplates": [claim("data", "ext4")],
            },
        }
    )
    kubernetes.kubectl("rollout", "status", "statefulset/db", "--timeout=240s", seconds=260)
    for name in ("db-0", "db-1", "db-2"):
        assert kubernetes.exec(name, "cat /data/who") == f"{name}\n"
    kubernetes.delete("pod", "db-1")
    kubernetes.kubectl("rollout", "status", "statefulset/db", "--timeout=120s", seconds=140)
    assert kubernetes.exec("db-1", "cat /data/who") == "db-1\ndb-1\n"


def test_a_pod_has_ten_volumes(
    kubernetes: Kubernetes, driver: Driver, capsys: pytest.CaptureFixture[str]
) -> None:
    names = [f"data-{n}" for n in range(10)]
    user = pod("user", "unused")
    user["spec"]["volumes"] = [{"name": name, "persistentVolumeClaim": {"claimName": name}} for name in names]
    mounts = [{"name": name, "mountPath": f"/{name}"} for name in names]
    user["spec"]["containers"][0]["volumeMounts"] = mounts
    kubernetes.apply(*(claim(name, "ext4") for name in names))
    start(kubernetes, user)
    kubernetes.exec("user", "for each in /data-*; do echo ${each#/} >$each/file; done; sync")
    assert kubernetes.exec("user", "cat /data-*/file").split() == names
    with capsys.disabled():
        print(f"\n{driver.overview()}\nthe node plugin:\n{driver.memory_of_node_plugin()}")


def test_a_wrong_parameter_is_said_at_the_claim(kubernetes: Kubernetes) -> None:
    kubernetes.apply(
        {
            "apiVersion": "storage.k8s.io/v1",
            "kind": "StorageClass",
            "metadata": {"name": "wrong-parameter"},
            "provisioner": "csi.nvmeof.dev",
            "parameters": {"ctrlLossTmo": "soon"},
        },
        claim("data", "wrong-parameter"),
    )
    try:
        kubernetes.await_event(
            "PersistentVolumeClaim", "data", 'parameter ctrlLossTmo: "soon" is not allowed'
        )
    finally:
        kubernetes.delete("storageclass", "wrong-parameter")


def test_a_claim_in_use_is_kept_until_its_pod_goes(kubernetes: Kubernetes) -> None:
    kubernetes.apply(claim("data", "ext4"))
    start(kubernetes, pod("user", "data"))
    kubernetes.delete("pvc", "data", wait=False)
    kubernetes.exec("user", "echo still >/data/file; sync")
    assert kubernetes.names("pvc") == ["data"]
    kubernetes.delete("pod", "user")
    eventually("the claim goes", lambda: not kubernetes.names("pvc"), 60)
