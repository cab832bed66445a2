from __future__ import annotations

import json

import pytest

from proxy_core.dialect import ModelCard
from proxy_core.dialects.gemini_generate.models import encode_models, model_row, plain_name
from proxy_core.profile import ModelProfile
from tests.proxy_core.dialects.gemini_generate.support import client

CARD = ModelCard(
    "vendor/x-1", "X One", "vendor", 0, ModelProfile("x-1", context_tokens=1000, max_output_tokens=50)
)


@pytest.mark.parametrize(
    "given",
    ["x", "models/x", "models%2Fx", "tunedModels/x", "publishers/google/models/x", "/models/x/"],
)
def test_one_bare_name(given: str) -> None:
    assert plain_name(given) == "x"


def test_a_slash_inside_a_name_stays() -> None:
    assert plain_name("models/vendor%2Fx%3Afree") == "vendor/x:free"


def test_the_official_client_reads_the_list() -> None:
    models = list(client(encode_models([CARD]), kind="application/json").models.list())
    assert [model.name for model in models] == ["models/vendor/x-1"]
    assert models[0].display_name == "X One"
    assert (models[0].input_token_limit, models[0].output_token_limit) == (1000, 50)
    assert "generateContent" in (models[0].supported_actions or [])


def test_unknown_limits_are_left_out() -> None:
    row = model_row(ModelCard("y", "Y", "v", 0, ModelProfile("y", thinking=None)))
    assert "inputTokenLimit" not in row
    assert row["thinking"] is False
    assert json.loads(encode_models([])) == {"models": []}
