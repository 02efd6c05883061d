"""Chat templates rendered and tokenised: the clock stopped, what users wrote kept apart from control tokens."""

from __future__ import annotations

import datetime
import hashlib
import json
import re
from collections.abc import Callable
from typing import Any

from s3ft.types import UserError


class TemplateUnsupported(UserError):
    """A row or template whose training text the template does not support; the message says what differs."""


class TemplateFailed(TemplateUnsupported):
    """A template that raised, in its own words."""


_SWITCHES: tuple[tuple[str, Any], ...] = (
    ("enable_thinking", False),
    ("thinking", False),
    ("reasoning", False),
    ("thinking_budget", 0),
    ("reasoning_effort", "none"),
    ("thinking_mode", "off"),
)
_DIRECTIVES = "aAwdbBmyYHIpMSfzZjUWcxXGuV"
_BUILT_IN = {"namespace", "dict", "range"}


def render(tokenizer: Any, template: str, messages: Any, tools: Any, generation: bool, kwargs: dict[str, Any]) -> str:
    """The conversation as text. Raises TemplateFailed with the template's own message."""
    failure: Exception | None = None
    for offered in (tools, []) if not tools else (tools,):
        try:
            text = tokenizer.apply_chat_template(
                messages,
                tools=offered,
                chat_template=template,
                add_generation_prompt=generation,
                tokenize=False,
                **kwargs,
            )
        except TypeError as error:
            failure = error
        except Exception as error:
            failure = error
            break
        else:
            return str(text)
    raise TemplateFailed(" ".join(f"{type(failure).__name__}: {failure}".split())[:300]) from failure


def with_fixed_date(template: str, date: datetime.date) -> str:
    """The template with strftime_now answering for noon of `date`; unchanged where it does not ask."""
    if "strftime_now" not in template:
        return template
    noon = datetime.datetime.combine(date, datetime.time(12))
    answers = "".join(f'|replace("%{d}", {json.dumps(noon.strftime("%" + d))})' for d in _DIRECTIVES)
    unpadded = "".join(f'|replace("%-{d}", {json.dumps(noon.strftime("%-" + d))})' for d in "dmHIMSjy")
    return f"{{%- macro strftime_now(format) -%}}{{{{- format{unpadded}{answers} -}}}}{{%- endmacro %}}\n{template}"


def with_default_args(
    tokenizer: Any, template: str, kwargs: dict[str, Any], date: datetime.date, notes: list[str]
) -> dict[str, Any]:
    """Template arguments, with those added that the template cannot do without: a date where its name says so, empty
    text otherwise; each addition is noted. Raises UserError for an argument that the template never reads."""
    unread = [name for name in kwargs if not re.search(rf"\b{re.escape(name)}\b", template)]
    if unread:
        known = ", ".join(sorted(_variables(template, tokenizer))) or "none"
        raise UserError(f"chat.template_kwargs: the chat template does not read {unread[0]!r}; it reads {known}")
    conversation = [{"role": "user", "content": "Hello"}]
    try:
        render(tokenizer, template, conversation, None, True, kwargs)
    except TemplateFailed:
        for fill in _default_args(sorted(_variables(template, tokenizer) - set(kwargs)), date):
            try:
                render(tokenizer, template, conversation, None, True, {**fill, **kwargs})
            except TemplateFailed:
                continue
            notes.append(f"the template needs {', '.join(fill)}: given {fill}; set chat.template_kwargs to change that")
            return {**fill, **kwargs}
    return dict(kwargs)


def _variables(template: str, tokenizer: Any) -> set[str]:
    """The arguments of its own that a template reads."""
    import jinja2.meta
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    environment = ImmutableSandboxedEnvironment(extensions=["jinja2.ext.loopcontrols"])
    try:
        parsed = environment.parse(re.sub(r"{%-?\s*(end)?generation\s*-?%}", "", template))
    except jinja2.TemplateError as error:
        raise UserError(f"the chat template is not Jinja: {' '.join(str(error).split())}") from error
    given = {"messages", "tools", "documents", "add_generation_prompt", "raise_exception", "strftime_now"}
    return jinja2.meta.find_undeclared_variables(parsed) - given - set(tokenizer.special_tokens_map) - _BUILT_IN


def _default_args(missing: list[str], date: datetime.date) -> list[dict[str, str]]:
    """Arguments to try, the fewest first."""
    values = {
        n: str(date) if re.search("date|time|today|now", n) else "[]" if re.search("function|tool", n) else ""
        for n in missing
    }
    return [{n: values[n]} for n in missing] + [
        {n: v for n, v in values.items() if v},
        values,
    ]


def closing_switches(template: Any, closed: Callable[[str], bool]) -> str:
    """The template's own argument that ends the thought its prompt opens, as YAML; empty where there is none."""
    conversation = [{"role": "user", "content": "Hello"}]
    for name, value in _SWITCHES:
        if re.search(rf"\b{name}\b", template.text):
            try:
                text = render(
                    template.tokenizer, template.text, conversation, None, True, {**template.kwargs, name: value}
                )
            except TemplateFailed:
                continue
            if closed(text):
                return "{" + f"{name}: {json.dumps(value)}" + "}"
    return ""


def encode(tokenizer: Any, text: str) -> list[int]:
    """Ids of text in which control tokens are meant."""
    return [int(i) for i in tokenizer.encode(text, add_special_tokens=False)]


def fingerprint(tokenizer: Any) -> str:
    """SHA-256 of everything in a tokenizer that changes ids."""
    backend = getattr(tokenizer, "backend_tokenizer", None)
    text = backend.to_str() if backend is not None else json.dumps(sorted(tokenizer.get_vocab().items()))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def plain(content: Any) -> str | None:
    """Message content as text: parts of type text are joined. Raises UserError for images and other parts."""
    if content is None or isinstance(content, str):
        return content
    if isinstance(content, list) and all(isinstance(p, dict) and p.get("type") == "text" for p in content):
        return "".join(str(p["text"]) for p in content)
    raise UserError(f"message content: found {str(content)[:60]!r}, expected text or a list of text parts")
