"""Official SDKs as clients, and what they understood, in neutral words."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import anthropic
import openai
from google import genai
from google.genai import errors as genai_errors

CHAT_FINISH = {"stop": "stop", "length": "length", "tool_calls": "tool", "content_filter": "filter"}
GEMINI_FINISH = {"STOP": "stop", "MAX_TOKENS": "length", "SAFETY": "filter", "OTHER": "other"}
ANTHROPIC_FINISH = {
    "end_turn": "stop",
    "stop_sequence": "stop_sequence",
    "tool_use": "tool",
    "max_tokens": "length",
    "refusal": "filter",
}


@dataclass
class Meaning:
    """What a reply means, however it was written. Usage: input, output, cached, write, think."""

    text: str = ""
    thinking: str = ""
    calls: list[dict[str, Any]] = field(default_factory=list)
    finish: str = ""
    usage: dict[str, int] = field(default_factory=dict)


@dataclass
class SdkError(Exception):
    """An SDK raised: status, and the retry hint that it saw."""

    status: int
    message: str
    retry_after: str | None = None


class ChatSdk:
    """The openai SDK on Chat Completions."""

    def __init__(self, url: str, key: str) -> None:
        self.sdk = openai.AsyncOpenAI(base_url=f"{url}/v1", api_key=key, max_retries=0)

    async def close(self) -> None:
        await self.sdk.close()

    async def ask(self, model: str, body: dict[str, Any], stream: bool) -> Meaning:
        body = {**body, "model": model}
        messages = body.pop("messages")
        try:
            if not stream:
                whole = await self.sdk.chat.completions.create(
                    model=model, messages=messages, extra_body=body
                )
                return _chat(whole)
            body["stream_options"] = {"include_usage": True}
            if any(tool["type"] == "custom" for tool in body.get("tools", ())):
                return await self._raw(model, messages, body)
            chunks = self.sdk.chat.completions.stream(model=model, messages=messages, extra_body=body)
            thinking = ""
            async with chunks as events:
                async for event in events:
                    if event.type == "chunk":
                        for choice in event.chunk.choices:
                            thinking += getattr(choice.delta, "reasoning_content", None) or ""
                found = _chat(await events.get_final_completion())
            found.thinking = thinking
            return found
        except openai.LengthFinishReasonError as error:
            return _chat(error.completion)
        except openai.ContentFilterFinishReasonError:
            # The helper refuses such an answer and keeps it to itself.
            return await self._raw(model, messages, body)
        except openai.APIStatusError as error:
            raise _status(error) from error
        except openai.APIError as error:
            raise SdkError(200, str(error.message)) from error

    async def _raw(self, model: str, messages: Any, body: dict[str, Any]) -> Meaning:
        """Ask for a stream without the helper, which fails at custom tool calls (openai 3.52.0)."""
        chunks = await self.sdk.chat.completions.create(
            model=model, messages=messages, stream=True, extra_body=body
        )
        return _joined([chunk async for chunk in chunks])


class ResponsesSdk(ChatSdk):
    """The openai SDK on Responses."""

    async def ask(self, model: str, body: dict[str, Any], stream: bool) -> Meaning:
        body = {**body, "model": model}
        told = body.pop("input")
        try:
            if not stream:
                return _response(await self.sdk.responses.create(model=model, input=told, extra_body=body))
            events = await self.sdk.responses.create(model=model, input=told, stream=True, extra_body=body)
            final: Any = None
            streamed = ""
            async for event in events:
                if event.type in ("response.output_text.delta", "response.refusal.delta"):
                    streamed += event.delta
                if event.type in ("response.completed", "response.incomplete", "response.failed"):
                    final = event.response
            assert final is not None, "no terminal event"
            found = _response(final)
            assert found.text == streamed
            return found
        except openai.APIStatusError as error:
            raise _status(error) from error

    async def count(self, model: str, body: dict[str, Any]) -> int:
        body = {**body, "model": model}
        counted = await self.sdk.responses.input_tokens.count(model=model, extra_body=body)
        return counted.input_tokens


class AnthropicSdk:
    """The anthropic SDK."""

    def __init__(self, url: str, key: str) -> None:
        self.sdk = anthropic.AsyncAnthropic(base_url=url, api_key=key, max_retries=0)

    async def close(self) -> None:
        await self.sdk.close()

    async def ask(self, model: str, body: dict[str, Any], stream: bool) -> Meaning:
        body = {**body, "model": model}
        known = {"model": model, "messages": body.pop("messages"), "max_tokens": body.pop("max_tokens")}
        try:
            if not stream:
                return _message(await self.sdk.messages.create(**known, extra_body=body, timeout=30))
            async with self.sdk.messages.stream(**known, extra_body=body) as events:
                streamed = ""
                async for event in events:
                    if event.type == "text":
                        streamed += event.text
                found = _message(await events.get_final_message())
                assert found.text == streamed
                return found
        except anthropic.APIStatusError as error:
            raise _status(error) from error

    async def count(self, model: str, body: dict[str, Any]) -> int:
        body = {**body, "model": model}
        counted = await self.sdk.messages.count_tokens(
            model=model, messages=body.pop("messages"), extra_body=body
        )
        return counted.input_tokens


class GeminiSdk:
    """The google-genai SDK."""

    def __init__(self, url: str, key: str) -> None:
        self.sdk = genai.Client(api_key=key, http_options={"base_url": url})

    async def close(self) -> None:
        await self.sdk.aio.aclose()
        self.sdk.close()

    async def ask(self, model: str, body: dict[str, Any], stream: bool) -> Meaning:
        config: Any = {"http_options": {"extra_body": body}}
        contents = "replaced by the body"
        try:
            if not stream:
                whole = await self.sdk.aio.models.generate_content(
                    model=model, contents=contents, config=config
                )
                return _gemini([whole])
            chunks = [
                chunk
                async for chunk in await self.sdk.aio.models.generate_content_stream(
                    model=model, contents=contents, config=config
                )
            ]
            return _gemini(chunks)
        except genai_errors.APIError as error:
            hint = None
            for detail in (error.details or {}).get("error", {}).get("details", []):
                hint = detail.get("retryDelay", hint)
            raise SdkError(error.code, str(error.message), hint) from error

    async def count(self, model: str, body: dict[str, Any]) -> int:
        config: Any = {"http_options": {"extra_body": body}}
        counted = await self.sdk.aio.models.count_tokens(model=model, contents="replaced", config=config)
        assert counted.total_tokens is not None
        return counted.total_tokens


SDKS: dict[str, Any] = {
    "openai_chat": ChatSdk,
    "openai_responses": ResponsesSdk,
    "anthropic_messages": AnthropicSdk,
    "gemini_generate": GeminiSdk,
}


@asynccontextmanager
async def sdk(dialect: str, url: str, key: str) -> AsyncIterator[Any]:
    """Return the SDK of a dialect, closed afterwards."""
    client = SDKS[dialect](url, key)
    try:
        yield client
    finally:
        await client.close()


def _status(error: Any) -> SdkError:
    return SdkError(error.status_code, str(error.message), error.response.headers.get("retry-after"))


def _chat(whole: Any) -> Meaning:
    choice = whole.choices[0]
    message = choice.message
    calls = []
    for call in message.tool_calls or []:
        if call.type == "custom":
            calls.append({"name": call.custom.name, "args": {"input": call.custom.input}})
        else:
            calls.append({"name": call.function.name, "args": json.loads(call.function.arguments)})
    return Meaning(
        message.content or message.refusal or "",
        getattr(message, "reasoning_content", None) or "",
        calls,
        CHAT_FINISH[choice.finish_reason],
        _chat_usage(whole.usage),
    )


def _chat_usage(usage: Any) -> dict[str, int]:
    told, made = usage.prompt_tokens_details, usage.completion_tokens_details
    return {
        "input": usage.prompt_tokens,
        "output": usage.completion_tokens,
        "cached": (told.cached_tokens if told else 0) or 0,
        "write": (getattr(told, "cache_write_tokens", 0) if told else 0) or 0,
        "think": (made.reasoning_tokens if made else 0) or 0,
    }


def _joined(chunks: list[Any]) -> Meaning:
    """What chat chunks mean, put together by hand."""
    found, calls = Meaning(), dict[int, list[str]]()
    for chunk in chunks:
        if chunk.usage:
            found.usage = _chat_usage(chunk.usage)
        for choice in chunk.choices:
            found.text += choice.delta.content or choice.delta.refusal or ""
            found.thinking += getattr(choice.delta, "reasoning_content", None) or ""
            found.finish = CHAT_FINISH[choice.finish_reason] if choice.finish_reason else found.finish
            for call in choice.delta.tool_calls or []:
                custom = getattr(call, "custom", None)
                kind, name, text = calls.setdefault(call.index, ["", "", ""])
                if custom is not None:
                    name, text = custom.get("name", name), text + custom.get("input", "")
                elif call.function is not None:
                    name, text = call.function.name or name, text + (call.function.arguments or "")
                calls[call.index] = [call.type or kind, name, text]
    for _, (kind, name, text) in sorted(calls.items()):
        found.calls.append({"name": name, "args": {"input": text} if kind == "custom" else json.loads(text)})
    return found


def _response(whole: Any) -> Meaning:
    calls, thinking, refusals = [], [], []
    for item in whole.output:
        if item.type == "message":
            refusals += [part.refusal for part in item.content if part.type == "refusal"]
        if item.type == "function_call":
            calls.append({"name": item.name, "args": json.loads(item.arguments)})
        elif item.type == "custom_tool_call":
            calls.append({"name": item.name, "args": {"input": item.input}})
        elif item.type == "reasoning":
            thinking += [part.text for part in item.summary]
    finish = "tool" if calls else "stop"
    if whole.status == "incomplete":
        reason = whole.incomplete_details.reason
        finish = {"max_output_tokens": "length", "content_filter": "filter"}[reason]
    usage = whole.usage
    return Meaning(
        whole.output_text or "".join(refusals),
        "\n\n".join(thinking),
        calls,
        finish,
        {
            "input": usage.input_tokens,
            "output": usage.output_tokens,
            "cached": usage.input_tokens_details.cached_tokens,
            "write": usage.input_tokens_details.cache_write_tokens,
            "think": usage.output_tokens_details.reasoning_tokens,
        },
    )


def _message(whole: Any) -> Meaning:
    usage = whole.usage
    cached, write = usage.cache_read_input_tokens or 0, usage.cache_creation_input_tokens or 0
    details = usage.output_tokens_details
    return Meaning(
        "".join(block.text for block in whole.content if block.type == "text"),
        "\n\n".join(block.thinking for block in whole.content if block.type == "thinking"),
        [{"name": block.name, "args": block.input} for block in whole.content if block.type == "tool_use"],
        ANTHROPIC_FINISH[whole.stop_reason],
        {
            "input": usage.input_tokens + cached + write,
            "output": usage.output_tokens,
            "cached": cached,
            "write": write,
            "think": (details.thinking_tokens if details else 0) or 0,
        },
    )


def _gemini(chunks: list[Any]) -> Meaning:
    found = Meaning()
    for chunk in chunks:
        if chunk.prompt_feedback and chunk.prompt_feedback.block_reason:
            found.finish = "filter"
        for candidate in chunk.candidates or []:
            for part in (candidate.content and candidate.content.parts) or []:
                if part.function_call:
                    found.calls.append(
                        {"name": part.function_call.name, "args": part.function_call.args or {}}
                    )
                elif part.thought:
                    found.thinking += part.text or ""
                else:
                    found.text += part.text or ""
            if candidate.finish_reason:
                found.finish = GEMINI_FINISH[candidate.finish_reason.value]
        usage = chunk.usage_metadata
        if usage:
            found.usage = {
                "input": (usage.prompt_token_count or 0) + (usage.tool_use_prompt_token_count or 0),
                "output": (usage.candidates_token_count or 0) + (usage.thoughts_token_count or 0),
                "cached": usage.cached_content_token_count or 0,
                "write": 0,
                "think": usage.thoughts_token_count or 0,
            }
    if found.calls and found.finish == "stop":
        found.finish = "tool"
    return found
