#!/usr/bin/python3
"""Writes what kubeconform reads, one strict JSON schema for each kind.

schemas.py OUT SWAGGER.json [CRD.yaml...]

The sources are what Kubernetes ships: the OpenAPI document of a release, and definitions of custom
resources. Strict: a field that the document does not know is an error.
"""
import json
import pathlib
import sys

import yaml

PREFIX = "#/definitions/"
# Two types whose documents say less than the API server accepts.
SPECIAL = {
    "io.k8s.apimachinery.pkg.util.intstr.IntOrString": {"type": ["string", "integer"]},
    "io.k8s.apimachinery.pkg.api.resource.Quantity": {"type": ["string", "number"]},
}


def parts(schema):
    """The schemas directly below this one; a property may be named like any keyword."""
    yield from schema.get("properties", {}).values()
    for key in ("items", "additionalProperties", "not"):
        if isinstance(schema.get(key), dict):
            yield schema[key]
    for key in ("allOf", "anyOf", "oneOf"):
        yield from schema.get(key, [])


def strict(schema):
    """The schema, with unknown fields refused wherever fields are listed."""
    open_ended = schema.get("x-kubernetes-preserve-unknown-fields")
    if "properties" in schema and not open_ended:
        schema.setdefault("additionalProperties", False)
    for part in parts(schema):
        strict(part)
    return schema


def references(schema):
    if "$ref" in schema:
        yield schema["$ref"].removeprefix(PREFIX)
    for part in parts(schema):
        yield from references(part)


def closure(name, definitions):
    """The definition and all that it refers to."""
    found, todo = {}, [name]
    while todo:
        name = todo.pop()
        if name not in found:
            found[name] = SPECIAL.get(name) or strict(definitions[name])
            todo += references(found[name])
    return found


def write(out, group, version, kind, schema):
    # The name that kubeconform makes: the group without its domain.
    names = [kind, *group.split(".")[:1], version] if group else [kind, version]
    schema["properties"]["apiVersion"] = {"const": "/".join(filter(None, [group, version]))}
    schema["properties"]["kind"] = {"const": kind}
    schema["required"] = sorted({*schema.get("required", []), "apiVersion", "kind"})
    (out / ("-".join(names).lower() + ".json")).write_text(json.dumps(schema))


def main(out, swagger, *crds):
    out = pathlib.Path(out)
    out.mkdir(parents=True, exist_ok=True)
    definitions = json.loads(pathlib.Path(swagger).read_text())["definitions"]
    for name, definition in definitions.items():
        kinds = definition.get("x-kubernetes-group-version-kind", [])
        # Options of calls belong to every group at once; they are no objects.
        if len(kinds) != 1 or "properties" not in definition:
            continue
        found = closure(name, definitions)
        schema = {**found[name], "definitions": found}
        schema["properties"] = dict(schema["properties"])
        write(out, *(kinds[0][key] for key in ("group", "version", "kind")), schema)
    meta = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"
    for crd in crds:
        spec = yaml.safe_load(pathlib.Path(crd).read_text())["spec"]
        for version in spec["versions"]:
            schema = strict(version["schema"]["openAPIV3Schema"])
            schema["properties"]["metadata"] = {"$ref": PREFIX + meta}
            schema["definitions"] = closure(meta, definitions)
            write(out, spec["group"], version["name"], spec["names"]["kind"], schema)


main(*sys.argv[1:])
