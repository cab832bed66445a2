from proxy_core.ir.schema import complete, repaired

TEXT = {"type": "string"}


def test_object_types_get_properties_and_names_are_left_alone() -> None:
    schema = {
        "type": "object",
        "properties": {"properties": {"type": "object"}, "type": {"type": "string"}},
        "items": {"anyOf": [{"type": "object"}, {"type": "null"}]},
    }
    assert complete(schema) == {
        "type": "object",
        "properties": {"properties": {"type": "object", "properties": {}}, "type": {"type": "string"}},
        "items": {"anyOf": [{"type": "object", "properties": {}}, {"type": "null"}]},
    }
    assert complete(complete(schema)) == complete(schema)


def test_a_bare_map_of_properties_becomes_an_object() -> None:
    assert repaired({"path": TEXT, "mode": {"enum": ["a"]}}) == {
        "type": "object",
        "properties": {"path": TEXT, "mode": {"enum": ["a"]}},
    }


def test_what_is_a_schema_already_stays() -> None:
    for schema in (
        {},
        {"type": "object"},
        {"properties": {"a": TEXT}},
        {"items": TEXT},
        {"$defs": {"a": TEXT}},
        {"words": {"title": "no shape at all"}},
    ):
        assert repaired(schema) == schema


def test_flags_become_names_at_every_depth() -> None:
    flagged = {"type": "string", "required": True}
    inner = {"type": "object", "properties": {"a": flagged, "b": {"type": "string", "required": False}}}
    fixed = {"type": "object", "properties": {"a": TEXT, "b": TEXT}, "required": ["a"]}
    assert repaired({"type": "array", "items": inner}) == {"type": "array", "items": fixed}
    assert repaired({"anyOf": [inner]}) == {"anyOf": [fixed]}
    named = {"type": "object", "properties": {"a": flagged, "c": flagged}, "required": ["c"]}
    assert repaired(named) == {"type": "object", "properties": {"a": TEXT, "c": TEXT}, "required": ["c", "a"]}


def test_nothing_is_changed_in_place_and_depth_is_bounded() -> None:
    deep: dict[str, object] = {"type": "string"}
    for _ in range(500):
        deep = {"type": "array", "items": deep}
    assert repaired(deep) == deep
    given = {"type": "object", "properties": {"a": {"type": "string", "required": True}}}
    complete(given)
    assert given == {"type": "object", "properties": {"a": {"type": "string", "required": True}}}
