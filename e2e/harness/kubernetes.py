"""What tests ask of the cluster, through kubectl."""

import json
import subprocess
from pathlib import Path
from typing import Any

import yaml

from .places import KUBERNETES
from .processes import eventually

Manifest = dict[str, Any]


class Kubernetes:
    """One namespace of the cluster, as its administrator."""

    def __init__(self, kubeconfig: Path, namespace: str) -> None:
        self.kubeconfig = kubeconfig
        self.namespace = namespace

    def kubectl(self, *arguments: str, text: str | None = None, seconds: float = 120) -> str:
        command = [
            *(KUBERNETES / "kubectl", "--kubeconfig", self.kubeconfig),
            *("--namespace", self.namespace, *arguments),
        ]
        done = subprocess.run(command, input=text, capture_output=True, text=True, timeout=seconds)
        assert done.returncode == 0, f"kubectl {' '.join(arguments)}: {done.stderr.strip()}"
        return done.stdout

    def apply(self, *manifests: Manifest) -> None:
        self.kubectl("apply", "-f", "-", text=yaml.safe_dump_all(manifests))

    def delete(self, kind: str, *names: str, wait: bool = True) -> None:
        options = [f"--wait={str(wait).lower()}", "--ignore-not-found"]
        self.kubectl("delete", kind, *names, *options, seconds=300)

    def get(self, kind: str, name: str) -> Manifest:
        return json.loads(self.kubectl("get", kind, name, "-o", "json"))

    def objects(self, kind: str, *options: str) -> list[Manifest]:
        return json.loads(self.kubectl("get", kind, *options, "-o", "json"))["items"]

    def names(self, kind: str, *options: str) -> list[str]:
        return [each["metadata"]["name"] for each in self.objects(kind, *options)]

    def wait(self, what: str, condition: str, seconds: int = 180) -> None:
        """WHAT is KIND/NAME; CONDITION as `kubectl wait --for` has it."""
        try:
            self.kubectl("wait", what, f"--for={condition}", f"--timeout={seconds}s", seconds=seconds + 30)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.kubectl('describe', what)}") from None

    def exec(self, pod: str, command: str, seconds: float = 120) -> str:
        return self.kubectl("exec", pod, "--", "sh", "-c", command, seconds=seconds)

    def events(self, kind: str, name: str) -> str:
        """The messages about one object, the oldest first."""
        selector = f"involvedObject.kind={kind},involvedObject.name={name}"
        events = self.objects("events", "--field-selector", selector)
        events.sort(key=lambda each: each["metadata"]["creationTimestamp"])
        return "\n".join(f"{each['reason']}: {each['message']}" for each in events)

    def await_event(self, kind: str, name: str, words: str, seconds: float = 90) -> None:
        def said() -> bool:
            events = self.events(kind, name)
            assert words in events, f"the events are:\n{events}"
            return True

        eventually(f"an event of {kind} {name} says {words!r}", said, seconds)
