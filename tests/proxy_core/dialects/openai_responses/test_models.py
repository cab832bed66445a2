import json

from openai.types import Model

from proxy_core.dialect import ModelCard
from proxy_core.dialects.openai_responses.models import encode_model, encode_models
from proxy_core.profile import ModelProfile

CARD = ModelCard("m-1", "M 1", "acme", 1700000000, ModelProfile("m-1"))


def test_the_list_is_openais() -> None:
    listed = json.loads(encode_models([CARD]))
    assert listed["object"] == "list"
    assert listed["data"] == [{"id": "m-1", "object": "model", "created": 1700000000, "owned_by": "acme"}]
    Model.model_validate(listed["data"][0], strict=True)
    assert json.loads(encode_models([])) == {"object": "list", "data": []}


def test_one_model() -> None:
    assert json.loads(encode_model(CARD))["id"] == "m-1"
