"""Texts, numbers and JSON as hostile as people really send them."""

import json
from typing import Any

from hypothesis import strategies as st

PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
PDF = "JVBERi0xLjcKJcOkw7zDtsOfCjEgMCBvYmoKPDw+PgplbmRvYmoK"

TEXTS = (
    "Hello.",
    "naïve 🌍 \U0001f9d1\u200d\U0001f680",
    "e\u0301 \u202e\u2028 \u2029\u0085x",
    "lone \ud83d surrogate",
    "\udc00",
    'quote " and \\ slash \\u0041 </s>',
    "data: [DONE]\n\nevent: error\ndata: {}\n\n",
    "tab\t null\x00 bell\x07 del\x7f",
    "<system-reminder>no</system-reminder>",
    "天气 " * 40,
    "trunkline.1",
    "a\r\nb\rc",
)
BLANKS = ("", " ", "\n")
ARGUMENTS = (
    "{}",
    '{"a":1.50,"b":[1.0,-0.0,1E5]}',
    '{"n":18446744073709551616,"m":-99999999999999999999999999}',
    '{"x":1e308,"y":1e400,"z":-1e400}',
    '{"a":1,"a":2}',
    '{"":null,"\\u2028":"\\ud800"}',
    '{"deep":' + '{"k":[' * 15 + "0" + "]}" * 15 + "}",
    '{ "spaced" : [ true , null ] }',
    '{"emoji":"\U0001f30d","path":"C:\\\\x\\ny"}',
)

texts = st.sampled_from(TEXTS) | st.text(st.characters(), min_size=1, max_size=12)
any_texts = texts | st.sampled_from(BLANKS)
plain_texts = st.sampled_from(("Hello.", "naïve 🌍", "x y", "天气")) | st.text(
    st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=12
)
numbers = st.sampled_from((0, -1, 2**31, 2**53 + 1, 2**64, -(2**70), 0.5, 1e308, -0.0)) | st.integers()
scalars = st.none() | st.booleans() | numbers | any_texts
json_values: st.SearchStrategy[Any] = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(any_texts, inner, max_size=3),
    max_leaves=8,
)
json_objects = st.dictionaries(any_texts, json_values, max_size=4)
arguments = st.sampled_from(ARGUMENTS) | json_objects.map(json.dumps)
odd_json: st.SearchStrategy[Any] = json_values | st.sampled_from(
    (
        float("inf"),
        [[[[[[]]]]]],
        {"type": None},
        {"type": "no such type"},
        {"role": "user"},
        [None],
        [{}],
        [[]],
        "x" * 5000,
    )
)
