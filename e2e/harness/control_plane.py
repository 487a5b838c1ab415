"""A Kubernetes control plane on loopback, as ordinary processes of this user."""

import base64
import json
import subprocess
from pathlib import Path
from typing import NamedTuple

import yaml

from .places import KUBERNETES, NODE_TOOLS
from .processes import Process, eventually, free_port

# The guest's name for the machine's loopback, and the address at which pods find the API.
HOST_FROM_GUEST = "10.0.2.2"
SERVICE_ADDRESS = "10.96.0.1"

# The API server reaches a kubelet by the node's name. This one leads to the forwarded port on every
# machine, without a change to its /etc/hosts.
NODE_NAME = "localhost"

_USERS = {
    "admin": ("admin", "system:masters"),
    "controller-manager": ("system:kube-controller-manager", ""),
    "scheduler": ("system:kube-scheduler", ""),
    "kubelet": (f"system:node:{NODE_NAME}", "system:nodes"),
}


# The audit log has what service accounts ask for; the rest would be most of it.
_AUDIT_POLICY = {
    "apiVersion": "audit.k8s.io/v1",
    "kind": "Policy",
    "omitStages": ["RequestReceived"],
    "rules": [{"level": "Metadata", "userGroups": ["system:serviceaccounts"]}, {"level": "None"}],
}


class Request(NamedTuple):
    """A kind of request to the API server; "resource" or "resource/subresource"."""

    verb: str
    group: str
    resource: str


class ControlPlane:
    """etcd, API server, controller manager and scheduler; ready when the constructor returns."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.kubelet_port = free_port()
        self._etcd_port = free_port()
        self._processes: list[Process] = []
        folder.mkdir(parents=True)
        try:
            self._make_certificates()
            self._write_users()
            self._start()
        except BaseException:
            self.stop()
            raise

    def kubeconfig(self, user: str) -> Path:
        return self.folder / f"{user}.kubeconfig"

    def requests(self, user: str) -> tuple[set[Request], set[Request]]:
        """What users whose names begin with USER were allowed, and what they were refused."""
        allowed, refused = set(), set()
        for line in (self.folder / "audit.log").read_text().splitlines():
            event = json.loads(line)
            if not event["user"]["username"].startswith(user) or "objectRef" not in event:
                continue
            what = event["objectRef"]
            parts = [what["resource"], what.get("subresource")]
            request = Request(event["verb"], what.get("apiGroup", ""), "/".join(filter(None, parts)))
            answer = event["annotations"]["authorization.k8s.io/decision"]
            (allowed if answer == "allow" else refused).add(request)
        return allowed, refused

    def stop(self) -> None:
        for process in reversed(self._processes):
            process.stop()

    def _make_certificates(self) -> None:
        self._openssl("genrsa", "-out", "sa.key", "2048")
        self._openssl(
            *("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30"),
            *("-keyout", "ca.key", "-out", "ca.crt", "-subj", "/CN=ca"),
        )
        names = [
            "DNS:localhost",
            "IP:127.0.0.1",
            f"IP:{HOST_FROM_GUEST}",
            f"IP:{SERVICE_ADDRESS}",
        ]
        self._sign("api", "/CN=apiserver", f"subjectAltName={','.join(names)}")
        self._sign("kubelet-client", "/O=system:masters/CN=apiserver-kubelet-client", "")

    def _sign(self, name: str, subject: str, extensions: str) -> None:
        (self.folder / f"{name}.ext").write_text(extensions + "\n")
        self._openssl(
            *("req", "-newkey", "rsa:2048", "-nodes", "-subj", subject),
            *("-keyout", f"{name}.key", "-out", f"{name}.csr"),
        )
        self._openssl(
            *("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.crt", "-CAkey", "ca.key", "-days", "30"),
            *("-CAcreateserial", "-extfile", f"{name}.ext", "-out", f"{name}.crt"),
        )

    def _openssl(self, *arguments: str) -> None:
        subprocess.run(["openssl", *arguments], cwd=self.folder, check=True, capture_output=True)

    def _write_users(self) -> None:
        lines = [f'{user}-token,{name},{user},"{group}"' for user, (name, group) in _USERS.items()]
        (self.folder / "tokens.csv").write_text("\n".join(lines) + "\n")
        authority = base64.b64encode((self.folder / "ca.crt").read_bytes()).decode()
        for user in _USERS:
            host = HOST_FROM_GUEST if user == "kubelet" else "127.0.0.1"
            cluster = {
                "server": f"https://{host}:{self.port}",
                "certificate-authority-data": authority,
            }
            config = {
                "apiVersion": "v1",
                "kind": "Config",
                "clusters": [{"name": "e2e", "cluster": cluster}],
                "users": [{"name": user, "user": {"token": f"{user}-token"}}],
                "contexts": [{"name": "e2e", "context": {"cluster": "e2e", "user": user}}],
                "current-context": "e2e",
            }
            self.kubeconfig(user).write_text(yaml.safe_dump(config))

    def _start(self) -> None:
        audit_policy = self.folder / "audit-policy.yaml"
        audit_policy.write_text(yaml.safe_dump(_AUDIT_POLICY))
        etcd = f"http://127.0.0.1:{self._etcd_port}"
        self._run(
            NODE_TOOLS / "usr/bin/etcd",
            *("--data-dir", self.folder / "etcd", "--unsafe-no-fsync"),
            *("--listen-client-urls", etcd, "--advertise-client-urls", etcd),
            *("--listen-peer-urls", f"http://127.0.0.1:{free_port()}"),
        )
        self._run(
            KUBERNETES / "kube-apiserver",
            f"--etcd-servers={etcd}",
            *("--bind-address=127.0.0.1", f"--secure-port={self.port}"),
            f"--advertise-address={HOST_FROM_GUEST}",
            f"--tls-cert-file={self.folder}/api.crt",
            f"--tls-private-key-file={self.folder}/api.key",
            f"--cert-dir={self.folder}",
            f"--client-ca-file={self.folder}/ca.crt",
            f"--kubelet-client-certificate={self.folder}/kubelet-client.crt",
            f"--kubelet-client-key={self.folder}/kubelet-client.key",
            "--kubelet-preferred-address-types=Hostname",
            f"--token-auth-file={self.folder}/tokens.csv",
            "--authorization-mode=Node,RBAC",
            "--service-cluster-ip-range=10.96.0.0/16",
            f"--service-account-key-file={self.folder}/sa.key",
            f"--service-account-signing-key-file={self.folder}/sa.key",
            "--service-account-issuer=https://kubernetes.default.svc",
            "--allow-privileged=true",
            f"--audit-policy-file={audit_policy}",
            f"--audit-log-path={self.folder}/audit.log",
        )
        eventually("the API server is ready", self._ready, 120)
        self._run(
            KUBERNETES / "kube-controller-manager",
            f"--kubeconfig={self.kubeconfig('controller-manager')}",
            f"--service-account-private-key-file={self.folder}/sa.key",
            f"--root-ca-file={self.folder}/ca.crt",
            *("--use-service-account-credentials=true", "--leader-elect=false", "--secure-port=0"),
        )
        self._run(
            KUBERNETES / "kube-scheduler",
            f"--kubeconfig={self.kubeconfig('scheduler')}",
            *("--leader-elect=false", "--secure-port=0"),
        )

    def _ready(self) -> bool:
        for process in self._processes:
            process.require_running()
        answer = subprocess.run(
            [
                *(KUBERNETES / "kubectl", "--kubeconfig", self.kubeconfig("admin")),
                *("get", "--raw", "/readyz"),
            ],
            capture_output=True,
        )
        return answer.returncode == 0

    def _run(self, program: Path, *arguments: str | Path) -> None:
        self._processes.append(Process([program, *arguments], self.folder / f"{program.name}.log"))
