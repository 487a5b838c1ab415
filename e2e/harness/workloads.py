"""The objects that users of volumes write, as short as tests need them."""

from .kubernetes import Manifest

MIB = 1024 * 1024
DATA = "/data"
DISK = "/dev/data"


def claim(
    name: str, storage_class: str, size: str = "256Mi", mode: str = "ReadWriteOnce", **spec: object
) -> Manifest:
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": name},
        "spec": {
            "accessModes": [mode],
            "storageClassName": storage_class,
            "resources": {"requests": {"storage": size}},
            **spec,
        },
    }


def block_claim(name: str, storage_class: str, size: str = "64Mi", mode: str = "ReadWriteOnce") -> Manifest:
    return claim(name, storage_class, size, mode, volumeMode="Block")


def pod(
    name: str, volume: str, *, command: str = "sleep 100000", block: bool = False, **spec: object
) -> Manifest:
    """A pod with a shell that has the claim VOLUME at /data, or as the device /dev/data."""
    container: Manifest = {
        "name": "main",
        "image": "localhost/shell:e2e",
        "imagePullPolicy": "Never",
        "command": ["sh", "-c", f"trap exit TERM; ({command}) & wait $!"],
    }
    if block:
        container["volumeDevices"] = [{"name": "data", "devicePath": DISK}]
    else:
        container["volumeMounts"] = [{"name": "data", "mountPath": DATA}]
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name},
        "spec": {
            "containers": [container],
            "volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": volume}}],
            "terminationGracePeriodSeconds": 2,
            **spec,
        },
    }
