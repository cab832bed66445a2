"""Compatible vendors and servers as data. To add one, add one literal; the contract tests cover it.

Addresses are from the vendors' own documentation, read 2026-11-20, where nothing else is said. A vendor
speaks here only what its documentation promises for all of its models: a translation of ours says more
than half a dialect of theirs. Local servers speak the chat dialect in all their versions. ``strict`` False:
the vendor takes reasoning back in the history; ``lean`` True: it takes nothing beyond the common core.
"""

from __future__ import annotations

from proxy_core.profile import Level, ModelProfile, Thinking
from proxy_core.provider import ProviderState, Speech
from proxy_core.provider_key import KeyProvider
from proxy_core.providers.compatible.upstream import RULES, chat, messages

_LOW_HIGH: tuple[Level, ...] = ("low", "high")
_LOW_HIGH_MAX: tuple[Level, ...] = ("low", "high", "max")
_THREE: tuple[Level, ...] = ("low", "medium", "high")
_FOUR: tuple[Level, ...] = ("low", "medium", "high", "xhigh")


def _model(
    name: str, context: int, output: int, levels: tuple[Level, ...] = (), off: bool = True
) -> ModelProfile:
    thinking = Thinking(levels=levels, can_disable=off) if levels else None
    return ModelProfile(name, None, None, context, output, thinking, known=True)


# Catalogue of CLIProxyAPI a7e3596b, 2026-08-22.
_KIMI = (
    _model("kimi-k3", 1_048_576, 65_536, _LOW_HIGH_MAX, off=False),
    _model("kimi-k2.7-code", 262_144, 65_536, _LOW_HIGH, off=False),
    _model("kimi-k2.6", 262_144, 65_536, _LOW_HIGH),
    _model("kimi-k2.5", 262_144, 32_768, _LOW_HIGH),
)
_GROK = (
    _model("grok-4.6", 500_000, 65_536, _FOUR, off=False),
    _model("grok-4.5", 500_000, 65_536, _THREE, off=False),
    _model("grok-4.3", 1_000_000, 65_536, _THREE),
    _model("grok-build-0.1", 256_000, 256_000),
)
# Names: api-docs.deepseek.com and docs.z.ai, 2026-11-20; nothing else is recorded of them.
_DEEPSEEK = (ModelProfile("deepseek-flash"), ModelProfile("deepseek-v4-pro"))
_GLM = (ModelProfile("glm-5.2"), ModelProfile("glm-5"), ModelProfile("glm-4.7"))

_VENDORS: tuple[KeyProvider, ...] = (
    KeyProvider(
        name="openrouter",
        title="OpenRouter",
        base_url="https://openrouter.ai/api",
        key_url="https://openrouter.ai/settings/keys",
        speaks=(chat(),),
        headers={"x-title": "Trunkline"},
        strict=False,
        rules=RULES,
    ),
    KeyProvider(
        name="deepseek",
        title="DeepSeek",
        base_url="https://api.deepseek.com",
        key_url="https://platform.deepseek.com/api_keys",
        speaks=(chat(embeddings=False), messages("https://api.deepseek.com/anthropic")),
        models=_DEEPSEEK,
        strict=False,
        rules=RULES,
    ),
    KeyProvider(
        name="groq",
        strict=False,
        lean=True,
        title="Groq",
        base_url="https://api.groq.com/openai",
        key_url="https://console.groq.com/keys",
        speaks=(chat(embeddings=False),),
        rules=RULES,
    ),
    KeyProvider(
        name="mistral",
        strict=False,
        lean=True,
        title="Mistral",
        base_url="https://api.mistral.ai",
        key_url="https://console.mistral.ai/api-keys",
        speaks=(chat(),),
        rules=RULES,
    ),
    KeyProvider(
        name="together",
        strict=False,
        lean=True,
        title="Together AI",
        base_url="https://api.together.xyz",
        key_url="https://api.together.ai/settings/api-keys",
        speaks=(chat(),),
        rules=RULES,
    ),
    KeyProvider(
        name="fireworks",
        strict=False,
        lean=True,
        title="Fireworks AI",
        base_url="https://api.fireworks.ai/inference",
        key_url="https://app.fireworks.ai/settings/users/api-keys",
        speaks=(chat(),),
        rules=RULES,
    ),
    KeyProvider(
        name="dashscope",
        title="Qwen (DashScope, international)",
        base_url="https://dashscope-intl.aliyuncs.com/compatible-mode",
        key_url="https://modelstudio.console.alibabacloud.com/?tab=playground#/api-key",
        speaks=(chat(),),
        strict=False,
        rules=RULES,
    ),
    KeyProvider(
        name="dashscope_cn",
        title="Qwen (DashScope, China)",
        base_url="https://dashscope.aliyuncs.com/compatible-mode",
        key_url="https://bailian.console.aliyun.com/?tab=model#/api-key",
        speaks=(chat(),),
        strict=False,
        rules=RULES,
    ),
    KeyProvider(
        name="moonshot",
        title="Kimi (Moonshot AI)",
        base_url="https://api.moonshot.ai",
        key_url="https://platform.moonshot.ai/console/api-keys",
        speaks=(chat(embeddings=False), messages("https://api.moonshot.ai/anthropic")),
        models=_KIMI,
        models_date="2026-08-22",
        strict=False,
        rules=RULES,
    ),
    KeyProvider(
        name="moonshot_cn",
        title="Kimi (Moonshot AI, China)",
        base_url="https://api.moonshot.cn",
        key_url="https://platform.moonshot.cn/console/api-keys",
        # The Anthropic address is taken from the international one (unverified, 2026-11-20).
        speaks=(chat(embeddings=False), messages("https://api.moonshot.cn/anthropic")),
        models=_KIMI,
        models_date="2026-08-22",
        strict=False,
        rules=RULES,
    ),
    KeyProvider(
        name="zai",
        title="GLM (Z.ai)",
        base_url="https://api.z.ai/api/paas",
        key_url="https://z.ai/manage-apikey/apikey-list",
        speaks=(chat("/v4", embeddings=False), messages("https://api.z.ai/api/anthropic")),
        models=_GLM,
        # The list is not in the documentation but answers (unverified, 2026-11-20).
        list_path="/v4/models",
        strict=False,
        rules=RULES,
    ),
    KeyProvider(
        name="zhipu",
        title="GLM (Zhipu BigModel, China)",
        base_url="https://open.bigmodel.cn/api/paas",
        key_url="https://bigmodel.cn/usercenter/proj-mgmt/apikeys",
        speaks=(chat("/v4"), messages("https://open.bigmodel.cn/api/anthropic")),
        models=_GLM,
        list_path="/v4/models",
        strict=False,
        rules=RULES,
    ),
    KeyProvider(
        name="xai",
        strict=False,
        lean=True,
        title="xAI",
        base_url="https://api.x.ai",
        key_url="https://console.x.ai",
        speaks=(chat(), Speech("openai_responses", {"chat": "/v1/responses"})),
        models=_GROK,
        models_date="2026-08-22",
        rules=RULES,
    ),
    KeyProvider(
        name="siliconflow",
        strict=False,
        lean=True,
        title="SiliconFlow",
        base_url="https://api.siliconflow.com",
        key_url="https://cloud.siliconflow.com/account/ak",
        speaks=(chat(),),
        rules=RULES,
    ),
    KeyProvider(
        name="siliconflow_cn",
        strict=False,
        lean=True,
        title="SiliconFlow (China)",
        base_url="https://api.siliconflow.cn",
        key_url="https://cloud.siliconflow.cn/account/ak",
        speaks=(chat(), messages()),
        rules=RULES,
    ),
    KeyProvider(
        name="nvidia",
        strict=False,
        lean=True,
        title="NVIDIA NIM",
        base_url="https://integrate.api.nvidia.com",
        key_url="https://build.nvidia.com/settings/api-keys",
        speaks=(chat(),),
        rules=RULES,
    ),
    KeyProvider(
        name="cerebras",
        strict=False,
        lean=True,
        title="Cerebras",
        base_url="https://api.cerebras.ai",
        key_url="https://cloud.cerebras.ai",
        speaks=(chat(embeddings=False),),
        rules=RULES,
    ),
)


def _local(name: str, title: str, address: str) -> KeyProvider:
    return KeyProvider(
        name=name,
        title=title,
        base_url=address,
        key_use="optional",
        discover_url=f"{address}/v1/models",
        speaks=(chat(),),
        state=ProviderState("available", "2026-11-20", "Runs on this machine."),
        strict=False,
        rules=RULES,
    )


_LOCAL: tuple[KeyProvider, ...] = (
    _local("ollama", "Ollama", "http://127.0.0.1:11434"),
    _local("lm_studio", "LM Studio", "http://127.0.0.1:1234"),
    _local("llama_cpp", "llama.cpp", "http://127.0.0.1:8080"),
    _local("vllm", "vLLM", "http://127.0.0.1:8000"),
)

_ANY = KeyProvider(
    name="compatible",
    strict=False,
    lean=True,
    title="Any compatible address",
    key_use="optional",
    speaks=(
        chat(),
        Speech("openai_responses", {"chat": "/v1/responses"}),
        messages(counts=True),
        Speech(
            "gemini_generate",
            {
                "chat": "/v1beta/models/{model}:generateContent",
                "stream": "/v1beta/models/{model}:streamGenerateContent?alt=sse",
                "array": "/v1beta/models/{model}:streamGenerateContent",
                "count_tokens": "/v1beta/models/{model}:countTokens",
            },
            key_headers=("x-goog-api-key",),
        ),
    ),
    state=ProviderState("available", "2026-11-20", "Needs the address of the server."),
    list_key_headers=("authorization", "x-api-key", "x-goog-api-key"),
    rules=RULES,
)

PRESETS: tuple[KeyProvider, ...] = (*_VENDORS, *_LOCAL, _ANY)
