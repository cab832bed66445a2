"""The ``generateContent`` dialect of Google's Gemini API."""

from proxy_core.dialects.gemini_generate.dialect import GeminiGenerate

DIALECTS = (GeminiGenerate(),)
