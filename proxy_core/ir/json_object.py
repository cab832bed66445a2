"""Follows a JSON object whose text comes in pieces, and ends one that a model broke off or spoilt.

A client that reads arguments while they stream cannot be told later that they were no JSON: what is sent on
must stay the beginning of an object, and become one.
"""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import Literal

from proxy_core import jsonbytes
from proxy_core.ir.message import Json

_Expect = Literal["start", "key", "key or end", "colon", "value", "value or end", "comma", "end"]

_PLAIN = re.compile(r'[^"\\\x00-\x1f]*')
_SPACE = frozenset(" \t\n\r")
_WORD_CHARS = frozenset("0123456789+-.eEtrufalsn")
_WORDS = ("true", "false", "null")
_NUMBER = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?")
_NUMBER_START = re.compile(r"-?(?:(?:0|[1-9]\d*)(?:\.\d*)?(?:(?<=\d)[eE][+-]?\d*)?)?")
_CLOSERS = MappingProxyType({"{": "}", "[": "]"})
_HEX = frozenset("0123456789abcdefABCDEF")


class JsonObject:
    """The state of an object between two pieces of its text. ``is_broken``: it cannot be continued."""

    def __init__(self) -> None:
        self.is_broken = False
        self._expect: _Expect = "start"
        self._open: list[str] = []
        self._in_string = False
        self._is_key = False
        self._escape = ""
        self._word = ""

    def feed(self, piece: str) -> str:
        """Return how much of the piece continues the object: all of it, until the object is broken."""
        at = 0
        while at < len(piece) and not self.is_broken:
            taken = self._take(piece, at)
            at += taken
            self.is_broken = not taken
        return piece[:at]

    def ending(self, name: str, value: Json) -> str:
        """Return the text that ends the object with one more member; empty if it has ended already."""
        if not self._open:
            return ""
        text = self._unit_end()
        is_first = len(self._open) == 1 and self._expect in ("key", "key or end")
        if len(self._open) > 1 and self._expect == "key":
            text += '"":null'
        text += "".join(_CLOSERS[opener] for opener in reversed(self._open[1:]))
        return f"{text}{'' if is_first else ','}{jsonbytes.text({name: value})[1:]}"

    def _unit_end(self) -> str:
        text = ""
        if self._in_string:
            if self._escape:
                text = "\\" if len(self._escape) == 1 else "0" * (6 - len(self._escape))
            text += '"'
            self._expect = "colon" if self._is_key else "comma"
        elif self._word:
            text = _word_end(self._word)
            self._expect = "comma"
        if self._expect in ("colon", "value"):
            text += ":null" if self._expect == "colon" else "null"
            self._expect = "comma"
        return text

    def _take(self, piece: str, at: int) -> int:
        """Return how many characters were taken, 0 where the first of them breaks the object."""
        char = piece[at]
        if self._in_string:
            return self._take_in_string(piece, at, char)
        if self._word:
            if char in _WORD_CHARS:
                fits = _is_word_start(self._word + char)
                self._word += char if fits else ""
                return int(fits)
            if not _is_word(self._word):
                return 0
            self._word, self._expect = "", "comma"
        return 1 if char in _SPACE else int(self._take_mark(char))

    def _take_in_string(self, piece: str, at: int, char: str) -> int:
        if self._escape:
            return int(self._take_escaped(char))
        found = _PLAIN.match(piece, at)
        if found is not None and found.end() > at:
            return found.end() - at
        if char == '"':
            self._in_string = False
            self._expect = "colon" if self._is_key else "comma"
        elif char == "\\":
            self._escape = char
        return int(char in '"\\')

    def _take_escaped(self, char: str) -> bool:
        is_first = len(self._escape) == 1
        if char not in ('u"\\/bfnrt' if is_first else _HEX):
            return False
        is_done = char != "u" if is_first else len(self._escape) == 5
        self._escape = "" if is_done else self._escape + char
        return True

    def _take_mark(self, char: str) -> bool:
        match self._expect:
            case "start":
                return char == "{" and self._begin(char)
            case "key" | "key or end":
                if char == '"':
                    self._in_string = self._is_key = True
                    return True
                return self._expect == "key or end" and self._close(char)
            case "colon":
                self._expect = "value" if char == ":" else self._expect
                return char == ":"
            case "value" | "value or end":
                return self._take_value(char) or (self._expect == "value or end" and self._close(char))
            case "comma":
                if char == ",":
                    self._expect = "key" if self._open[-1] == "{" else "value"
                    return True
                return self._close(char)
            case _:
                return False

    def _take_value(self, char: str) -> bool:
        if char in "{[":
            return self._begin(char)
        if char == '"':
            self._in_string, self._is_key = True, False
            return True
        self._word = char if _is_word_start(char) else ""
        return bool(self._word)

    def _begin(self, opener: str) -> bool:
        self._open.append(opener)
        self._expect = "key or end" if opener == "{" else "value or end"
        return True

    def _close(self, char: str) -> bool:
        if char != _CLOSERS[self._open[-1]]:
            return False
        self._open.pop()
        self._expect = "comma" if self._open else "end"
        return True


def _is_word(word: str) -> bool:
    return word in _WORDS or _NUMBER.fullmatch(word) is not None


def _is_word_start(word: str) -> bool:
    return any(known.startswith(word) for known in _WORDS) or _NUMBER_START.fullmatch(word) is not None


def _word_end(word: str) -> str:
    known = next((known for known in _WORDS if known.startswith(word)), None)
    if known is not None:
        return known[len(word) :]
    return "" if _is_word(word) else "0"
