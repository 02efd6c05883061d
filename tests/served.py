"""An OpenAI-compatible server on loopback whose answers follow from the prompt, and which can fail in every way."""

from __future__ import annotations

import json
import re
import socket
import struct
import threading
import time
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

GENERATES = ("/v1/completions", "/v1/chat/completions")
ALL = frozenset({"models", "token_ids", "vllm", "n", "seed", "logprobs", "raw logprobs", "tokenize", "adapters"})
FAULTS = ("garbage", "half JSON", "no choices", "half a body", "wrong count", "429", "500", "503", "stall", "reset")


def answered(prompt: str, sample: int) -> str:
    """Right on two sums of three when asked plainly, and on all when shown the answer; samples differ in a word."""
    sums = re.findall(r"(\d+) \+ (\d+)", prompt)
    if not sums:
        return "hello"
    total = sum(map(int, sums[-1]))
    is_right = total % 3 or "The answer is" in prompt
    return f"{'So ' * (sample % 2)}I add {' and '.join(sums[-1])}, so the answer is {total if is_right else total + 1}."


class Served(ThreadingHTTPServer):
    """Serves a tokenizer's model under the name "m", with what is in `gives`. `faults`, of FAULTS, hit every request in
    turn, once each, or whenever it is asked if `always`."""

    daemon_threads = True
    request_queue_size = 128
    block_on_close = False

    def __init__(self, chat: Any, gives: frozenset[str] = ALL, port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), Handler)
        self.chat, self.gives = chat, gives
        self.key = ""
        self.entry: dict[str, Any] = {}
        self.faults: tuple[str, ...] = ()
        self.always = False
        self.delay = 0.0
        self.asked: list[dict[str, Any]] = []
        self.loaded: list[dict[str, Any]] = []
        self.hit: set[str] = set()
        self.connections: list[socket.socket] = []
        self.thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self.thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/v1"

    def gone(self) -> None:
        self.shutdown()
        self.server_close()
        for connection in self.connections:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that went away are no matter here."""


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Served

    def log_message(self, format: str, *args: Any) -> None:
        """Says nothing."""

    def setup(self) -> None:
        super().setup()
        self.server.connections.append(self.connection)
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def reply(self, status: int, content: Any, length: int | None = None, **headers: str) -> None:
        data = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(data) if length is None else length))
        self.end_headers()
        self.wfile.write(data)

    def refuse(self, status: int, message: str) -> None:
        self.reply(status, {"error": {"message": message}})

    def is_let_in(self) -> bool:
        key = self.headers.get("Authorization", "").removeprefix("Bearer ")
        if self.server.key and key != self.server.key:
            self.refuse(401, f"Incorrect API key provided: {key}")
            return False
        return True

    def do_GET(self) -> None:
        if not self.is_let_in():
            return
        if self.path != "/v1/models" or "models" not in self.server.gives:
            return self.refuse(404, "no such path")
        adapters = [{"id": a["lora_name"], "parent": "m"} for a in self.server.loaded]
        self.reply(200, {"object": "list", "data": [{"id": "m", **self.server.entry}, *adapters]})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        gives = self.server.gives
        if not self.is_let_in():
            return
        if self.path == "/tokenize" and "tokenize" in gives:
            return self.reply(200, {"tokens": self.tokens(body)})
        if self.path == "/v1/load_lora_adapter" and "adapters" in gives:
            if not body["lora_name"]:
                return self.refuse(400, "needs a name")
            self.server.loaded.append(body)
            return self.reply(200, b"Success", Content_Type="text/plain")
        if self.path not in GENERATES:
            return self.refuse(404, "no such path")
        names = ["m", *(a["lora_name"] for a in self.server.loaded)]
        if body["model"] not in names:
            return self.refuse(404, f"The model {body['model']!r} does not exist.")
        is_ids = "prompt" in body
        if is_ids and "token_ids" not in gives:
            return self.refuse(422, "prompt must be a string")
        if "return_token_ids" in body and "vllm" not in gives:
            return self.refuse(400, "unknown field return_token_ids")
        if body.get("n", 1) > 1 and (body["temperature"] == 0 or "n" not in gives):
            return self.refuse(400, "n must be 1")
        self.server.asked.append(body)
        time.sleep(self.server.delay)
        self.generate(body)

    def tokens(self, body: dict[str, Any]) -> list[int]:
        if "messages" in body:
            return list(self.server.chat.prompt_ids(body["messages"]))
        return list(self.server.chat.tokenizer.encode(body["prompt"], add_special_tokens=False))

    def generate(self, body: dict[str, Any]) -> None:
        key = json.dumps(body, sort_keys=True)
        answer, faults = self.answer(body), self.server.faults
        if not faults or (key in self.server.hit and not self.server.always):
            return self.reply(200, answer)
        fault = faults[len(self.server.hit) % len(faults)]
        self.server.hit.add(key)
        data = json.dumps(answer).encode()
        match fault:
            case "garbage":
                self.reply(200, b"<html>no JSON</html>")
            case "half JSON":
                self.reply(200, data[: len(data) // 2])
            case "no choices":
                self.reply(200, {**answer, "choices": []})
            case "wrong count":
                self.reply(200, {**answer, "choices": [*answer["choices"], answer["choices"][0]]})
            case "half a body":
                self.reply(200, data[: len(data) // 2], length=len(data))
                self.close_connection = True
            case "429":
                self.reply(429, {"error": {"message": "slow down"}}, Retry_After="0.1")
            case "stall":
                time.sleep(3)
                self.close_connection = True
            case "reset":
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self.connection.close()
                self.close_connection = True
            case status:
                self.reply(int(status), {"error": {"message": "something broke"}})

    def answer(self, body: dict[str, Any]) -> dict[str, Any]:
        chat, gives = self.server.chat, self.server.gives
        prompt = chat.decode(body["prompt"]) if "prompt" in body else body["messages"][-1]["content"]
        count = len(body["prompt"]) if "prompt" in body else None
        choices = []
        for k in range(body.get("n", 1)):
            sample = 0 if body["temperature"] == 0 else body.get("seed", 0) + k
            if "seed" not in gives and body["temperature"]:
                sample = len(self.server.asked)
            text = answered(prompt, sample)
            if body["model"] != "m":
                text = f"adapted: {text}"
            ids = [*chat.tokenizer.encode(text, add_special_tokens=False), chat.stop_ids[0]]
            reason = "stop" if len(ids) <= body["max_tokens"] else "length"
            ids = ids[: body["max_tokens"]]
            choice: dict[str, Any] = {"index": k, "finish_reason": reason}
            shown = chat.tokenizer.decode(ids, skip_special_tokens=True)
            choice |= {"text": shown} if count is not None else {"message": {"role": "assistant", "content": shown}}
            if "return_token_ids" in body:
                choice |= {"token_ids": ids, "prompt_token_ids": body.get("prompt")}
            if "logprobs" in body and "logprobs" in gives:
                before = body["prompt"] if body.get("echo") else []
                numbers = [-(i % 7.0) for i in [*before, *ids]]
                if "raw logprobs" not in gives:
                    numbers = [number / max(body["temperature"], 1) for number in numbers]
                choice["logprobs"] = {"token_logprobs": [None, *numbers[1:]] if before else numbers}
            choices.append(choice)
        return {"choices": choices, "usage": {"prompt_tokens": count if count is not None else 9}}
