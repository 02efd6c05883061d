"""What mkdocs is told: the order of the pages, the reference made from the schema, and links that leave the site."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from s3ft.config import reference

NAV: dict[str, list[str]] = {
    "": ["index.md"],
    "Use it": ["quickstart.md", "own_data.md", "recipes.md", "judges.md", "reading_the_report.md"],
    "More of it": ["backends.md", "scale.md", "trl.md", "extending.md"],
    "What is known": ["effect.md", "measured.md", "limits.md"],
    "Reference": ["commands.md", "configuration.md", "run_directory.md", "report_json.md", "sandbox.md"],
}
MADE = "configuration.md"
HEAD = """# Configuration reference

Made from the schema. `s3ft config` prints the same as YAML to start from, and `s3ft config --schema` the JSON schema
for editors. Each field can be given on the command line too:

    s3ft run my.yaml train.epochs=1 'seeds=[0, 1, 2]'"""


def on_config(config: Any) -> Any:
    """The pages that are there, in their order."""
    here = Path(config["docs_dir"])
    sections = {title: [p for p in pages if p == MADE or (here / p).is_file()] for title, pages in NAV.items()}
    config["nav"] = [{title: pages} if title else pages[0] for title, pages in sections.items() if pages]
    return config


def on_files(files: Any, config: Any) -> Any:
    """Adds the configuration reference."""
    from mkdocs.structure.files import File

    files.append(File.generated(config, MADE, content=configuration()))
    return files


def on_page_markdown(markdown: str, **_: Any) -> str:
    """A link to a file of the repository that is no page of the site becomes the file's path."""
    return re.sub(r"\[[^\]]*\]\(\.\./([^)#]+)[^)]*\)", r"`\1`", markdown)


def configuration() -> str:
    """Every field of a config, its default and what it does, from the schema."""
    schema = reference.json_schema()
    parts = schema["$defs"]
    sections = {"": schema["properties"]}
    for name, field in schema["properties"].items():
        refs = [f["$ref"] for f in (field, *field.get("anyOf", ())) if "$ref" in f]
        if refs and name not in ("task", "judge", "backend", "recipes"):
            sections[name] = parts[refs[0].rpartition("/")[2]]["properties"]
    lines = [HEAD]
    for name, fields in sections.items():
        table = _table(fields, f"{name}." if name else "", sections)
        lines += ["", f"## {name}" if name else "## Top level", "", *table]
    for kind in ("task", "judge", "backend"):
        lines += ["", f"## Options of {kind}s", "", f"`{kind}: NAME`, or `{kind}: {{name: NAME, option: value}}`."]
        for form in schema["properties"][kind]["anyOf"]:
            name = form.get("properties", {}).get("name", {}).get("const")
            options = {k: v for k, v in form.get("properties", {}).items() if k != "name"}
            if name:
                lines += ["", f"### {name}", "", str(form.get("description", "")), "", *_table(options, "", {})]
    return "\n".join(lines) + "\n"


def _table(fields: dict[str, Any], prefix: str, sections: dict[str, Any]) -> list[str]:
    if not fields:
        return ["No options."]
    lines = ["| field | default | what |", "|---|---|---|"]
    for name, field in fields.items():
        said = field.get("description", "")
        if not prefix and name in sections:
            said = f"{said} See [{name}](#{name})."
        lines.append(f"| `{prefix}{name}` | {_cell(_default(field))} | {_cell(said)} |")
    return lines


def _default(field: dict[str, Any]) -> str:
    if "default" not in field:
        return "" if "$ref" in field else "required"
    value = field["default"]
    if value is None or isinstance(value, dict):
        return ""
    return f"`{value if isinstance(value, str) else json.dumps(value)}`" if value != "" else ""


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")
