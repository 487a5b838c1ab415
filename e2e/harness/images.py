"""Container images from files of this machine, without a container engine."""

import hashlib
import io
import json
import tarfile
from collections.abc import Sequence
from pathlib import Path

_BUSYBOX = Path("/bin/busybox")
_COMMANDS = (
    *("sh", "cat", "dd", "ls", "mkdir", "rm", "sha256sum", "sleep", "stat", "sync", "touch", "df"),
    *("id", "grep", "awk", "date", "mount", "blockdev", "od", "wc", "tail", "head", "cp", "seq", "true"),
)


def program_image(name: str, program: Path, folder: Path) -> Path:
    """localhost/NAME:e2e of one static program, which it runs."""
    return _write(name, [f"/{program.name}"], {f"/{program.name}": program}, {}, folder)


def shell_image(name: str, entrypoint: list[str], folder: Path, also: Sequence[str] = ()) -> Path:
    """localhost/NAME:e2e with a shell and its usual commands, which has the names ALSO, too."""
    links = {f"/bin/{command}": "/bin/busybox" for command in _COMMANDS}
    return _write(name, entrypoint, {"/bin/busybox": _BUSYBOX}, links, folder, also)


def _write(
    name: str,
    entrypoint: list[str],
    files: dict[str, Path],
    links: dict[str, str],
    folder: Path,
    also: Sequence[str] = (),
) -> Path:
    """A docker-archive of one layer; returns its path."""
    layer = _layer(files, links)
    config = {
        "architecture": "amd64",
        "os": "linux",
        "config": {"Entrypoint": entrypoint, "Env": ["PATH=/bin"]},
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(layer).hexdigest()}"]},
    }
    manifest = [
        {"Config": "config.json", "RepoTags": [f"localhost/{name}:e2e", *also], "Layers": ["layer.tar"]}
    ]
    path = folder / f"{name}.tar"
    with tarfile.open(path, "w") as archive:
        _add(archive, "config.json", json.dumps(config).encode())
        _add(archive, "manifest.json", json.dumps(manifest).encode())
        _add(archive, "layer.tar", layer)
    return path


def _layer(files: dict[str, Path], links: dict[str, str]) -> bytes:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as archive:
        scratch = tarfile.TarInfo("tmp")
        scratch.type = tarfile.DIRTYPE
        scratch.mode = 0o1777
        archive.addfile(scratch)
        for path, source in files.items():
            _add(archive, path.lstrip("/"), source.read_bytes(), mode=0o755)
        for path, target in links.items():
            info = tarfile.TarInfo(path.lstrip("/"))
            info.type = tarfile.SYMTYPE
            info.linkname = target
            archive.addfile(info)
    return content.getvalue()


def _add(archive: tarfile.TarFile, path: str, content: bytes, mode: int = 0o644) -> None:
    info = tarfile.TarInfo(path)
    info.size = len(content)
    info.mode = mode
    archive.addfile(info, io.BytesIO(content))
