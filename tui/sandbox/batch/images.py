"""The images the sandbox offers: a selection of what the service lists, in its own order and spelling."""

from __future__ import annotations

from typing import Any

_GEN2 = "Generation2VMImage"
_DOCKER = "DockerCompatible"
_CONFIDENTIAL = "ConfidentialVMCompatible"
_RDMA = ("SupportsRDMAOnly", "IntelMPIRuntimeInstalled")
_JAMMY = "0001-com-ubuntu-server-jammy"

_Row = tuple[str, str, str, str, bool, tuple[str, ...], str | None]

# publisher, offer, sku, node agent, verified, capabilities, end of support
_ROWS: tuple[_Row, ...] = (
    ("almalinux", "almalinux", "8-gen1", "el 8", False, (), "2024-12-29T00:00:00Z"),
    ("almalinux", "almalinux-hpc", "8-hpc-gen2", "el 8", False, (_DOCKER, *_RDMA, _GEN2), None),
    ("almalinux", "almalinux-x86_64", "8-gen2", "el 8", True, (_GEN2,), None),
    ("almalinux", "almalinux-x86_64", "9-gen1", "el 9", True, (), None),
    ("almalinux", "almalinux-x86_64", "9-gen2", "el 9", True, (_GEN2,), None),
    (
        "canonical",
        "0001-com-ubuntu-confidential-vm-jammy",
        "22_04-lts-cvm",
        "ubuntu 22.04",
        False,
        (_CONFIDENTIAL, _GEN2),
        None,
    ),
    (
        "canonical",
        "0001-com-ubuntu-server-focal",
        "20_04-lts",
        "ubuntu 20.04",
        True,
        (),
        "2025-04-23T00:00:00Z",
    ),
    ("canonical", _JAMMY, "22_04-lts", "ubuntu 22.04", True, (), None),
    ("canonical", _JAMMY, "22_04-lts-gen2", "ubuntu 22.04", True, (_GEN2,), None),
    ("canonical", "ubuntu-24_04-lts", "cvm", "ubuntu 24.04", False, (_CONFIDENTIAL, _GEN2), None),
    ("canonical", "ubuntu-24_04-lts", "server", "ubuntu 24.04", True, (_GEN2,), None),
    ("canonical", "ubuntu-24_04-lts", "server-gen1", "ubuntu 24.04", True, (), None),
    ("debian", "debian-11", "11", "debian 11", True, (), "2026-08-31T00:00:00Z"),
    ("debian", "debian-12", "12", "debian 12", True, (), None),
    ("debian", "debian-12", "12-gen2", "debian 12", True, (_GEN2,), None),
    ("microsoft-dsvm", "ubuntu-hpc", "2204", "ubuntu 22.04", True, (_DOCKER, *_RDMA, _GEN2), None),
    (
        "microsoftwindowsserver",
        "windowsserver",
        "2012-r2-datacenter",
        "windows amd64",
        False,
        (),
        "2023-10-10T00:00:00Z",
    ),
    ("microsoftwindowsserver", "windowsserver", "2019-datacenter", "windows amd64", True, (), None),
    ("microsoftwindowsserver", "windowsserver", "2022-datacenter", "windows amd64", True, (), None),
    (
        "microsoftwindowsserver",
        "windowsserver",
        "2022-datacenter-g2",
        "windows amd64",
        True,
        (_CONFIDENTIAL, _GEN2),
        None,
    ),
)


def _image(row: _Row) -> dict[str, Any]:
    publisher, offer, sku, agent, verified, capabilities, end = row
    image: dict[str, Any] = {
        "imageReference": {"publisher": publisher, "offer": offer, "sku": sku, "version": "latest"},
        "verificationType": "verified" if verified else "unverified",
        "nodeAgentSKUId": f"batch.node.{agent}",
    }
    if capabilities:
        image["capabilities"] = list(capabilities)
    if end is not None:
        image["batchSupportEndOfLife"] = end
    return image | {"osType": "windows" if agent.startswith("windows") else "linux"}


SUPPORTED_IMAGES: tuple[dict[str, Any], ...] = tuple(_image(row) for row in _ROWS)
