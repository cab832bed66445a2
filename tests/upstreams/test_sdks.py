"""The official SDKs talk to the fakes and read them as their makers meant it."""

import json
from typing import Any

import anthropic
import openai
import pytest
from google import genai
from google.genai import errors as genai_errors
from google.genai import types as genai_types

from tests.samples import load
from tests.upstreams.behaviours import Replay, ToolTask, named
from tests.upstreams.server import KEY, FakeVendor

# google-genai 3.4.0 subclasses aiohttp's session.
pytestmark = pytest.mark.filterwarnings("ignore:Inheritance class AiohttpClientSession:DeprecationWarning")

PROMPT = "Please run <run>printf 'one \"two\"'</run> for me."
SCHEMA = {"type": "object", "properties": {"command": {"type": "string"}}, "required": ["command"]}
OUTPUT = 'one "two"'


def openai_client(vendor: FakeVendor) -> openai.AsyncOpenAI:
    return openai.AsyncOpenAI(base_url=vendor.base_url + "/v1", api_key=KEY, max_retries=0)


def anthropic_client(vendor: FakeVendor) -> anthropic.AsyncAnthropic:
    return anthropic.AsyncAnthropic(base_url=vendor.base_url, api_key=KEY, max_retries=0)


def genai_client(vendor: FakeVendor) -> genai.Client:
    return genai.Client(api_key=KEY, http_options=genai_types.HttpOptions(base_url=vendor.base_url))


def texts(dialect: str) -> list[Any]:
    """Samples that answer with text or calls."""
    found = [sample for sample in load.samples(dialect) if sample.stream is not None]
    return [pytest.param(sample, id=sample.name) for sample in found if "text" in sample.expect]


def called(sample: load.Sample) -> list[str]:
    """The names of the tools that the sample's answer calls."""
    return [call["name"] for call in sample.expect["calls"]]


def helped(sample: load.Sample) -> bool:
    """Whether the chat helper takes the stream: it raises for cut answers and for custom tool calls."""
    tools = sample.request.get("tools", ())
    freeform = {tool["custom"]["name"] for tool in tools if tool["type"] == "custom"}
    return sample.expect["finish"] not in ("length", "filter") and not freeform & set(called(sample))


@pytest.mark.parametrize("sample", texts("openai_chat"))
async def test_chat(sample: load.Sample) -> None:
    request = {key: value for key, value in sample.stream_request.items() if key != "stream"}
    async with (
        FakeVendor("openai_chat", behaviour=Replay(sample.name)) as vendor,
        openai_client(vendor) as client,
    ):
        whole = await client.chat.completions.create(**sample.request)
        async with client.chat.completions.stream(**request) as stream:
            streamed = await stream.get_final_completion() if helped(sample) else None
    both: list[Any] = [whole, streamed] if streamed else [whole]
    for one in both:
        message = one.choices[0].message
        assert (message.content or "") == sample.expect["text"]
        names = [getattr(call, call.type).name for call in message.tool_calls or ()]
        assert names == called(sample)
        assert one.usage is not None
        assert one.usage.prompt_tokens == sample.expect["usage"]["input"]


@pytest.mark.parametrize("sample", texts("openai_responses"))
async def test_responses(sample: load.Sample) -> None:
    async with (
        FakeVendor("openai_responses", behaviour=Replay(sample.name)) as vendor,
        openai_client(vendor) as client,
    ):
        whole = await client.responses.create(**sample.request)
        last: Any = None
        async for event in await client.responses.create(**sample.stream_request):
            last = event
    for one in (whole, last.response):
        assert one.output_text == sample.expect["text"]
        calls = [item for item in one.output if item.type in ("function_call", "custom_tool_call")]
        assert [call.name for call in calls] == called(sample)
        assert one.usage.output_tokens == sample.expect["usage"]["output"]


@pytest.mark.parametrize("sample", texts("anthropic_messages"))
async def test_messages(sample: load.Sample) -> None:
    request = {**sample.request, "max_tokens": 20000}
    extra = {key: request.pop(key) for key in ("temperature",) if key in request}
    async with (
        FakeVendor("anthropic_messages", behaviour=Replay(sample.name)) as vendor,
        anthropic_client(vendor) as client,
    ):
        whole = await client.messages.create(**request, extra_body=extra)
        async with client.messages.stream(**request, extra_body=extra) as stream:
            streamed = await stream.get_final_message()
    both: list[Any] = [whole, streamed]
    for one in both:
        assert "".join(block.text for block in one.content if block.type == "text") == sample.expect["text"]
        assert [block.name for block in one.content if block.type == "tool_use"] == called(sample)
        assert one.usage.output_tokens == sample.expect["usage"]["output"]


@pytest.mark.parametrize("sample", texts("gemini_generate"))
async def test_generate(sample: load.Sample) -> None:
    body = sample.request
    config: dict[str, Any] = {**body.get("generationConfig", {})}
    for key in ("tools", "toolConfig", "systemInstruction"):
        if key in body:
            config[key] = body[key]
    asked = genai_types.GenerateContentConfig.model_validate(
        {**config, "automaticFunctionCalling": {"disable": True}}
    )
    contents = [genai_types.Content.model_validate(one) for one in body["contents"]]
    call: dict[str, Any] = {"model": load.model("gemini_generate"), "contents": contents, "config": asked}
    async with FakeVendor("gemini_generate", behaviour=Replay(sample.name)) as vendor:
        client = genai_client(vendor).aio
        whole = await client.models.generate_content(**call)
        chunks = [chunk async for chunk in await client.models.generate_content_stream(**call)]
        await client.aclose()
    content = whole.candidates[0].content if whole.candidates else None
    parts = content.parts if content else None
    assert "".join(part.text or "" for part in parts or () if not part.thought) == sample.expect["text"]
    assert "".join(chunk.text or "" for chunk in chunks if not chunk.function_calls) == sample.expect["text"]
    assert [one.name for one in whole.function_calls or ()] == called(sample)
    assert whole.usage_metadata is not None
    assert whole.usage_metadata.prompt_token_count == sample.expect["usage"]["input"]


@pytest.mark.parametrize("stream", [False, True])
async def test_tool_task_on_messages_wants_its_signature_back(stream: bool) -> None:
    ask: dict[str, Any] = {
        "model": "claude-opus-4-6",
        "max_tokens": 4096,
        "thinking": {"type": "adaptive"},
        "tools": [{"name": "Bash", "input_schema": SCHEMA}],
    }
    turns: list[Any] = [{"role": "user", "content": PROMPT}]
    async with (
        FakeVendor("anthropic_messages", demands_seals=True) as vendor,
        anthropic_client(vendor) as client,
    ):
        if stream:
            async with client.messages.stream(messages=turns, **ask) as events:
                first: Any = await events.get_final_message()
        else:
            first = await client.messages.create(messages=turns, **ask)
        thought, _said, use = first.content
        assert use.input == {"command": "printf 'one \"two\"'"}
        said = [block.model_dump(exclude_none=True, exclude={"parsed_output"}) for block in first.content]
        result = {"type": "tool_result", "tool_use_id": use.id, "content": OUTPUT}
        turns += [{"role": "assistant", "content": said}, {"role": "user", "content": [result]}]
        final = await client.messages.create(messages=turns, **ask)
        assert final.content[-1].text == f"FINAL: {OUTPUT}"
        said[0] = {**thought.model_dump(), "signature": "Zm9yZWlnbg=="}
        with pytest.raises(anthropic.BadRequestError, match="Invalid `signature`"):
            await client.messages.create(messages=turns, **ask)


@pytest.mark.parametrize("stream", [False, True])
async def test_tool_task_on_responses_wants_its_reasoning_back(stream: bool) -> None:
    tool = {"type": "function", "name": "exec_command", "parameters": SCHEMA, "strict": False}
    ask: dict[str, Any] = {
        "model": "gpt-6-astra",
        "tools": [tool],
        "store": False,
        "include": ["reasoning.encrypted_content"],
    }
    items: list[Any] = [{"role": "user", "content": PROMPT}]
    async with (
        FakeVendor("openai_responses", demands_seals=True) as vendor,
        openai_client(vendor) as client,
    ):
        if stream:
            async with client.responses.stream(input=items, **ask) as events:
                first: Any = await events.get_final_response()
        else:
            first = await client.responses.create(input=items, **ask)
        assert [item.type for item in first.output] == ["reasoning", "message", "function_call"]
        call = first.output[-1]
        back = [item.model_dump(exclude_none=True, exclude={"parsed_arguments"}) for item in first.output]
        result: Any = {"type": "function_call_output", "call_id": call.call_id, "output": OUTPUT}
        back[1]["content"] = [
            {key: value for key, value in part.items() if key != "parsed"} for part in back[1]["content"]
        ]
        final = await client.responses.create(input=[*items, *back, result], **ask)
        assert final.output_text == f"FINAL: {OUTPUT}"
        with pytest.raises(openai.BadRequestError, match="required 'reasoning' item"):
            await client.responses.create(input=[*items, *back[1:], result], **ask)


async def test_tool_task_on_responses_remembers_the_previous_response() -> None:
    tool: Any = {"type": "custom", "name": "exec"}
    async with FakeVendor("openai_responses") as vendor, openai_client(vendor) as client:
        first: Any = await client.responses.create(model="gpt-6-astra", input=PROMPT, tools=[tool])
        call = first.output[-1]
        assert 'tools.exec_command({cmd: "printf \'one \\"two\\"\'"})' in call.input
        result: Any = {"type": "custom_tool_call_output", "call_id": call.call_id, "output": OUTPUT}
        final = await client.responses.create(
            model="gpt-6-astra", input=[result], tools=[tool], previous_response_id=first.id
        )
    assert final.output_text == f"FINAL: {OUTPUT}"


@pytest.mark.parametrize("stream", [False, True])
async def test_tool_task_on_chat(stream: bool) -> None:
    tool: Any = {"type": "function", "function": {"name": "run_shell_command", "parameters": SCHEMA}}
    turns: list[Any] = [{"role": "user", "content": PROMPT}]
    async with (
        FakeVendor("openai_chat", compatible=True, demands_seals=True) as vendor,
        openai_client(vendor) as client,
    ):
        if stream:
            async with client.chat.completions.stream(model="m", messages=turns, tools=[tool]) as events:
                first: Any = (await events.get_final_completion()).choices[0].message
        else:
            reply = await client.chat.completions.create(model="m", messages=turns, tools=[tool])
            first = reply.choices[0].message
        call = first.tool_calls[0]
        assert json.loads(call.function.arguments) == {"command": "printf 'one \"two\"'"}
        said = {
            "role": "assistant",
            "content": first.content,
            "reasoning_content": first.reasoning_content,
            "tool_calls": [
                {
                    "id": call.id,
                    "type": "function",
                    "function": call.function.model_dump(include={"name", "arguments"}),
                }
            ],
        }
        result = {"role": "tool", "tool_call_id": call.id, "content": OUTPUT}
        final = await client.chat.completions.create(model="m", messages=[*turns, said, result], tools=[tool])  # type: ignore[list-item]
        assert final.choices[0].message.content == f"FINAL: {OUTPUT}"
        del said["reasoning_content"]
        with pytest.raises(openai.BadRequestError, match="reasoning_content"):
            await client.chat.completions.create(model="m", messages=[*turns, said, result], tools=[tool])  # type: ignore[list-item]


@pytest.mark.parametrize("stream", [False, True])
async def test_tool_task_on_gemini_wants_its_signature_back(stream: bool) -> None:
    declaration = genai_types.FunctionDeclaration(name="run_shell_command", parameters_json_schema=SCHEMA)
    config = genai_types.GenerateContentConfig(
        tools=[genai_types.Tool(function_declarations=[declaration])],
        automatic_function_calling=genai_types.AutomaticFunctionCallingConfig(disable=True),
    )
    contents: list[Any] = [genai_types.UserContent(PROMPT)]
    ask: dict[str, Any] = {"model": "gemini-3.8-flash", "config": config}
    async with FakeVendor("gemini_generate", behaviour=ToolTask()) as vendor:
        models = genai_client(vendor).aio.models
        parts: list[genai_types.Part] = []
        if stream:
            async for chunk in await models.generate_content_stream(contents=contents, **ask):
                parts += chunk.parts or []
        else:
            parts += (await models.generate_content(contents=contents, **ask)).parts or []
        call = parts[-1].function_call
        assert call is not None
        assert call.args == {"command": "printf 'one \"two\"'"}
        answer = genai_types.FunctionResponse(id=call.id, name=call.name, response={"output": OUTPUT})
        contents.append(genai_types.Content(role="model", parts=parts))
        contents.append(genai_types.Content(role="user", parts=[genai_types.Part(function_response=answer)]))
        final = await models.generate_content(contents=contents, **ask)
        assert final.text == f"FINAL: {OUTPUT}"
        parts[-1].thought_signature = None
        with pytest.raises(genai_errors.ClientError, match="missing a thought_signature"):
            await models.generate_content(contents=contents, **ask)
        parts[-1].thought_signature = b"not one of ours"
        with pytest.raises(genai_errors.ClientError, match="Corrupted thought signature"):
            await models.generate_content(contents=contents, **ask)


async def test_lists_counts_and_embeddings() -> None:
    async with (
        FakeVendor("openai_chat", "openai_responses", models=["a", "b"]) as vendor,
        openai_client(vendor) as client,
    ):
        assert [model.id async for model in client.models.list()] == ["a", "b"]
        vectors = await client.embeddings.create(model="a", input=["x", "yy"], encoding_format="float")
        assert [one.embedding[0] for one in vectors.data] == [1.0, 2.0]
        counted = await client.responses.input_tokens.count(model="a", input="Hello there")
        assert counted.input_tokens > 0
    async with (
        FakeVendor("anthropic_messages", models=["c"]) as vendor,
        anthropic_client(vendor) as anthropic_one,
    ):
        assert [model.id async for model in anthropic_one.models.list()] == ["c"]
        turn: Any = {"role": "user", "content": "Hello"}
        assert (await anthropic_one.messages.count_tokens(model="c", messages=[turn])).input_tokens > 0
    async with FakeVendor("gemini_generate", models=["d"]) as vendor:
        models = genai_client(vendor).aio.models
        assert [model.name async for model in await models.list()] == ["models/d"]
        assert (await models.count_tokens(model="d", contents="Hello")).total_tokens


async def test_errors_become_the_sdks_own_exceptions() -> None:
    async with FakeVendor("openai_chat", behaviour=named("429")) as vendor, openai_client(vendor) as client:
        with pytest.raises(openai.RateLimitError) as limited:
            await client.chat.completions.create(model="m", messages=[{"role": "user", "content": "x"}])
        assert limited.value.response.headers["retry-after"] == "20"
    async with (
        FakeVendor("anthropic_messages", behaviour=named("529")) as vendor,
        anthropic_client(vendor) as other,
    ):
        with pytest.raises(anthropic.APIStatusError) as overloaded:
            await other.messages.create(model="m", max_tokens=9, messages=[{"role": "user", "content": "x"}])
        assert (overloaded.value.status_code, overloaded.value.type) == (529, "overloaded_error")
    async with FakeVendor("gemini_generate", behaviour=named("429")) as vendor:
        with pytest.raises(genai_errors.ClientError) as exhausted:
            await genai_client(vendor).aio.models.generate_content(model="m", contents="x")
        assert exhausted.value.details["error"]["details"][0]["retryDelay"] == "20s"


async def test_overload_inside_a_stream_raises() -> None:
    how = named("overloaded-inside")
    async with FakeVendor("anthropic_messages", behaviour=how) as vendor, anthropic_client(vendor) as client:
        with pytest.raises(anthropic.APIStatusError, match="Overloaded"):
            async with client.messages.stream(
                model="m", max_tokens=9, messages=[{"role": "user", "content": "x"}]
            ) as stream:
                await stream.get_final_message()
    async with FakeVendor("gemini_generate", behaviour=how) as vendor:
        with pytest.raises(genai_errors.ServerError):
            async for _ in await genai_client(vendor).aio.models.generate_content_stream(
                model="m", contents="x"
            ):
                pass
