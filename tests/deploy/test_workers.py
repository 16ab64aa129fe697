"""What starts calsync with workers elsewhere: its schemas allow it, and it starts what there is."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import kubernetes_validate
import pytest
import yaml

from calsync.cli import cli
from calsync.cli.stopping import GRACE_SECONDS
from calsync.config.secret import Secrets
from tests.deploy.dockerfile import PATH, stages

if TYPE_CHECKING:
    from collections.abc import Sequence

FOLDER = Path(__file__).parents[2] / "deploy" / "workers"
COMPOSE = FOLDER / "compose.yaml"
KUBERNETES = sorted((FOLDER / "kubernetes").glob("*.yaml"))
VERSIONS = ("1.30", "1.37")
"""Of Kubernetes."""


def compose(file: Path) -> subprocess.CompletedProcess[str]:
    """Ask the schema of the Compose Specification."""
    check = ["-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", str(file)]
    return subprocess.run([sys.executable, *check], capture_output=True, text=True, check=False)  # noqa: S603


def services() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = yaml.safe_load(COMPOSE.read_text("utf-8"))["services"]
    return found


def objects() -> list[dict[str, Any]]:
    return [one for file in KUBERNETES for one in yaml.safe_load_all(file.read_text("utf-8"))]


def containers() -> dict[str, dict[str, Any]]:
    """Return Kubernetes' containers, by name."""
    pods = [one["spec"]["template"]["spec"] for one in objects() if "template" in one.get("spec", {})]
    return {container["name"]: container for pod in pods for container in pod["containers"]}


def test_the_composition_is_one() -> None:
    done = compose(COMPOSE)
    assert done.returncode == 0, done.stdout


def test_the_schema_would_say_so_where_it_is_none(tmp_path: Path) -> None:
    broken = tmp_path / "compose.yaml"
    broken.write_text(COMPOSE.read_text("utf-8").replace("stop_grace_period", "stop_grace"), "utf-8")
    assert compose(broken).returncode == 1


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("one", objects(), ids=lambda one: f"{one['kind']} {one['metadata']['name']}")
def test_kubernetes_knows_each_object(one: dict[str, Any], version: str) -> None:
    kubernetes_validate.validate(one, version, strict=True)
    assert one["metadata"].get("namespace", one["metadata"]["name"]) == "calsync"


def test_kubernetes_schema_would_say_so_where_it_does_not() -> None:
    worker = objects()[-2]
    worker["spec"]["replica"] = worker["spec"].pop("replicas")
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(worker, VERSIONS[-1], strict=True)


def test_each_object_finds_what_it_names() -> None:
    found = objects()
    labels = [one["spec"]["template"]["metadata"]["labels"] for one in found if "template" in one.get("spec", {})]
    for one in found:
        selector = one.get("spec", {}).get("selector")
        if selector is not None:
            assert selector.get("matchLabels", selector) in labels
    claims = {one["metadata"]["name"] for one in found if one["kind"] == "PersistentVolumeClaim"}
    assert claims == {"calsync-state"}


def test_secrets_are_read_where_kubernetes_puts_them(tmp_path: Path) -> None:
    """Its files belong to root and to a group, which calsync would refuse beside its configuration."""
    for name in ("web", "worker"):
        (place,) = [one["value"] for one in containers()[name]["env"] if one["name"] == "CREDENTIALS_DIRECTORY"]
        assert place in [one["mountPath"] for one in containers()[name]["volumeMounts"]]
    (tmp_path / "store_password").write_text("secret\n", "utf-8")
    (tmp_path / "store_password").chmod(0o440)
    found = Secrets(tmp_path / "beside", {"CREDENTIALS_DIRECTORY": str(tmp_path)})
    assert found.secret("store_password") == "secret"


def started() -> list[Any]:
    both = [*((name, one["command"]) for name, one in services().items() if "calsync" in one["image"])]
    both += [(name, one["args"]) for name, one in containers().items() if "calsync" in one["image"]]
    return [pytest.param(arguments, id=name) for name, arguments in both]


@pytest.mark.parametrize("arguments", started())
def test_what_is_started_is_a_command(arguments: Sequence[str]) -> None:
    name, *options = arguments
    context = cli.commands[name].make_context(name, list(options))
    assert context.params["path"] == Path("/etc/calsync/calsync.yaml")
    assert context.params.get("scheduler") in {None, "procrastinate"}


def test_one_process_says_whose_turn_it_is_and_several_work() -> None:
    replicas = {one["metadata"]["name"]: one["spec"] for one in objects() if one["kind"] == "Deployment"}
    assert replicas["calsync-web"]["replicas"] == 1
    assert replicas["calsync-web"]["strategy"] == {"type": "Recreate"}
    assert replicas["calsync-worker"]["replicas"] > 1
    assert replicas["calsync-worker"]["strategy"]["rollingUpdate"]["maxUnavailable"] == 0
    assert services()["worker"]["deploy"]["replicas"] > 1


def test_a_stop_may_take_as_long_as_calsync_needs() -> None:
    for one in objects():
        if one["kind"] == "Deployment":
            assert one["spec"]["template"]["spec"]["terminationGracePeriodSeconds"] > GRACE_SECONDS
    for name in ("web", "worker"):
        assert int(services()[name]["stop_grace_period"].removesuffix("s")) > GRACE_SECONDS


def test_nobody_has_more_rights_than_needed() -> None:
    for container in containers().values():
        assert container["securityContext"]["allowPrivilegeEscalation"] is False
        assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    for name in ("web", "worker"):
        assert services()[name]["cap_drop"] == ["ALL"]
        assert services()[name]["read_only"] is True
        assert containers()[name]["securityContext"]["readOnlyRootFilesystem"] is True


def test_its_image_is_the_other_one_and_what_workers_need() -> None:
    (image,) = stages((FOLDER / "Dockerfile").read_text("utf-8"))
    assert image.base == "calsync"
    (install,) = image.all("RUN")
    assert "--require-hashes" in install
    assert image.steps[-1] == ("USER", stages(PATH.read_text("utf-8"))[1].one("USER"))
