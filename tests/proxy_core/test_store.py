import dataclasses

import pytest

from proxy_core.store import UsageRow, UsageTotal, VaultStatus
from tests.contract.rows import ROW


def test_a_row_is_a_value_without_a_place_for_a_secret_or_a_body() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        ROW.status = 500  # type: ignore[misc]
    names = {field.name for field in dataclasses.fields(UsageRow)}
    assert not {name for name in names if "body" in name or "secret" in name or "prompt" in name}


def test_sums_have_a_name_in_the_row() -> None:
    sums = {field.name for field in dataclasses.fields(UsageTotal)} - {"group", "requests", "failures"}
    assert sums <= {field.name for field in dataclasses.fields(UsageRow)}


def test_a_status_needs_no_message() -> None:
    assert VaultStatus("ready", "a passphrase").message == ""
