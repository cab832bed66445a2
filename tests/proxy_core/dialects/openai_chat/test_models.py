import json

from openai.types import Model

from proxy_core.dialect import ModelCard
from proxy_core.dialects.openai_chat.models import encode_model, encode_models
from proxy_core.profile import ModelProfile

CARD = ModelCard("m-1", "M One", "acme", 1_700_000_000, ModelProfile("m-1"))


def test_the_list_is_in_the_official_shape() -> None:
    page = json.loads(encode_models([CARD]))
    assert page["object"] == "list"
    assert Model.model_validate(page["data"][0]).owned_by == "acme"


def test_one_model_is_a_row_of_the_list() -> None:
    assert json.loads(encode_model(CARD)) == json.loads(encode_models([CARD]))["data"][0]
