from proxy_core.providers.demo.catalogue import CREATED, ECHO, MODELS, SLOW, THINK, TOOLS


def test_what_answers_is_listed_and_what_fails_is_not() -> None:
    assert {model.id for model in MODELS if not model.hidden} == {ECHO, THINK, TOOLS, SLOW}
    assert len({model.id for model in MODELS}) == len(MODELS)


def test_every_model_is_known_and_of_one_moment() -> None:
    assert all(model.known and model.created == CREATED for model in MODELS)
