"""Where things are: the repository, what scripts/setup keeps beside the packages, what a run leaves."""

import os
from pathlib import Path

REPO = Path(__file__).resolve().parents[2]
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "nvmeof-csi"
KUBERNETES = CACHE / "kubernetes-1.36.3"
HELM = CACHE / "helm-4.3.1" / "helm"
NODE_TOOLS = CACHE / "node-tools"
RESULTS = REPO / "build" / "e2e"
