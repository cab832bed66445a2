import json

from anthropic.pagination import SyncPage
from anthropic.types import ModelInfo

from proxy_core.dialect import ModelCard
from proxy_core.dialects.anthropic_messages.models import encode_model, encode_models
from proxy_core.profile import ModelProfile


def _card(name: str) -> ModelCard:
    profile = ModelProfile(name, context_tokens=200_000, max_output_tokens=64_000)
    return ModelCard(name, name.title(), "someone", 1_700_000_000, profile)


def test_the_sdk_reads_the_list() -> None:
    page = SyncPage[ModelInfo].model_validate_json(encode_models([_card("a"), _card("b")]))
    assert [model.id for model in page.data] == ["a", "b"]
    assert (page.first_id, page.last_id, page.has_more) == ("a", "b", False)


def test_one_model() -> None:
    entry = json.loads(encode_model(_card("a")))
    model = ModelInfo.model_validate(entry)
    assert (model.display_name, model.max_input_tokens, model.max_tokens) == ("A", 200_000, 64_000)
    assert entry["created_at"] == "2023-11-14T22:13:20Z"


def test_no_model_and_odd_dates() -> None:
    assert json.loads(encode_models([])) == {"data": [], "has_more": False, "first_id": None, "last_id": None}
    for created in (-5, 10**18):
        assert encode_model(ModelCard("a", "A", "o", created, ModelProfile("a")))
