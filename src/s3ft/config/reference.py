"""Every field of a config, explained from the schema's own documentation: as JSON schema, and as YAML to start from."""

from __future__ import annotations

import dataclasses
import inspect
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, is_dataclass
from typing import Any, get_type_hints

import yaml
from pydantic import ConfigDict, create_model

from s3ft import plugins
from s3ft.config.schema import RunConfig
from s3ft.recipes import RECIPES

_WIDTH = 110
Schema = dict[str, Any]


def json_schema() -> Schema:
    """The JSON schema of a config, with the options of the tasks, judges and backends that ship with s3ft."""
    schema = RunConfig.model_json_schema()
    fields, parts = schema["properties"], schema["$defs"]
    for kind in ("task", "judge", "backend"):
        described = {k: fields[kind][k] for k in ("description", "default") if k in fields[kind]}
        forms = [*_forms(kind, parts), {"type": "null"}] if kind == "judge" else _forms(kind, parts)
        fields[kind] = {"anyOf": forms, **described}
    # A rung with the defaults is written as the name of its source.
    parts["Rung"] = {"anyOf": [{"type": "string"}, parts["Rung"]]}
    names = {"anyOf": [{"enum": list(RECIPES)}, fields["recipes"]["items"]["anyOf"][1]]}
    fields["recipes"] = {**fields["recipes"], "items": names}
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def as_yaml(given: Mapping[str, Any], notes: Mapping[str, str]) -> str:
    """A config in which `given` is set; every other field stands behind a # with its default. Each is explained by the
    schema, and those of the first level by `notes` too."""
    schema = json_schema()
    backends = [f for f in schema["properties"]["backend"]["anyOf"] if "properties" in f]
    usual = next(f for f in backends if f["properties"]["name"].get("const") == "transformers")
    schema["properties"]["backend"] = {**usual, "description": schema["properties"]["backend"]["description"]}
    if isinstance(task := given.get("task"), dict):
        options = inspect.getdoc(plugins.load("task", task["name"])) or ""
        notes = {**notes, "task": f"{options} {notes.get('task', '')}"}
    lines = _lines(schema["properties"], schema["$defs"], given, notes)
    return "\n".join(lines).lstrip("\n") + "\n"


def _lines(
    fields: Schema, parts: Schema, given: Mapping[str, Any], notes: Mapping[str, str], depth: int = 0
) -> Iterator[str]:
    for name, field in fields.items():
        section = _section(field, parts)
        said = field.get("description") or (section or {}).get("description", "")
        own = given.get(name)
        if depth == 0:
            yield ""
        for text in (said, notes.get(name, "")):
            yield from (f"# {line}" for line in textwrap.wrap(" ".join(text.split()), _WIDTH))
        is_free = name == "task" or not section or (name in given and not isinstance(own, dict))
        if is_free:
            value = _block(name, given[name] if name in given else field.get("default"))
            yield from value if name in given else (f"# {line}" for line in value)
            continue
        known = section["properties"] if section else {}
        # Of a part that is not set at all, everything stands behind one #.
        shown = own if isinstance(own, dict) else {k: f.get("const", f.get("default")) for k, f in known.items()}
        block = [f"{name}:", *(f"  {line}" for line in _lines(known, parts, shown, {}, depth + 1))]
        yield from block if name in given else (f"# {line}" for line in block)


def _block(name: str, value: Any) -> list[str]:
    if isinstance(value, dict) and value and all(isinstance(k, str) for k in value):
        return [f"{name}:", *(f"  {k}: {_plain(v)}" for k, v in value.items())]
    return [f"{name}: {_plain(value)}"]


def _plain(value: Any) -> str:
    """A value on one line of YAML."""
    if isinstance(value, str) and "\n" in value:
        return yaml.safe_dump(value, default_style='"', width=10_000).strip()
    text = yaml.safe_dump(value, default_flow_style=True, sort_keys=False, width=10_000, allow_unicode=True)
    return text.removesuffix("\n").removesuffix("\n...")


def _section(field: Schema, parts: Schema) -> Schema | None:
    """The part of the config that a field is, if it is one."""
    if "properties" in field:
        return field
    refs = [f["$ref"] for f in (field, *field.get("anyOf", ())) if "$ref" in f]
    found: Schema | None = parts[refs[0].rpartition("/")[2]] if refs else None
    return found


def _forms(kind: plugins.Kind, parts: Schema) -> list[Schema]:
    """What may stand for a plug-in: a name, the options of one that ships with s3ft, or a file of the user's."""
    names = plugins.names(kind)
    forms = [_options(kind, name, parts) for name in names]
    other = {"type": "object", "properties": {"name": {"type": "string", "not": {"enum": names}}}, "required": ["name"]}
    combined = [
        {"type": "object", "properties": {n: {"type": "array"}}, "required": [n]} for n in ("first", "all", "any")
    ]
    return [{"enum": names}, {"type": "string"}, *forms, other, *(combined if kind == "judge" else [])]


def _options(kind: plugins.Kind, name: str, parts: Schema) -> Schema:
    """The options of a plug-in, by its Config or the parameters of its function or class."""
    found = plugins.load(kind, name)
    if kind == "backend":
        schema = plugins.config_of(found, name).model_json_schema()
    else:
        make = found.__init__ if inspect.isclass(found) else found
        hints = get_type_hints(make, include_extras=True)
        is_plain = kind == "judge" and not inspect.isclass(found)
        wanted = [] if is_plain else [p for p in inspect.signature(make).parameters.values() if p.name in hints]
        wanted = [p for p in wanted if p.name != "open_model"]
        fields: dict[str, Any] = {p.name: (hints[p.name], ... if p.default is p.empty else p.default) for p in wanted}
        for field in dataclasses.fields(found) if is_dataclass(found) else ():
            if field.default_factory is not MISSING:
                fields[field.name] = (hints[field.name], field.default_factory())
        model = create_model(name, __config__=ConfigDict(arbitrary_types_allowed=True, extra="forbid"), **fields)
        schema = model.model_json_schema()
    parts |= schema.pop("$defs", {})
    described = schema["properties"].pop("name", {})
    properties = {"name": {**described, "const": name, "default": name}, **schema["properties"]}
    required = [*(["name"] if kind != "backend" else []), *schema.get("required", [])]
    said = plugins.first_line(kind, name)
    return {**schema, "properties": properties, "required": required, "description": said}
