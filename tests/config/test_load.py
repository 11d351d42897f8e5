"""A right talk.toml becomes a configuration."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from pydantic import ValidationError

from talk_sdk._config import Toggles, load

TWO_SYSTEMS = """
[systems.shop]
connector = "customwebshop"
base_url = "https://shop.example/api"
token = { env = "SHOP_TOKEN" }
codec.customer = { mail = "email" }

[systems.books]
connector = "customerp"

[systems.books.entities.Product]
create = false
"""


@pytest.fixture
def talk_toml(tmp_path: Path) -> Callable[[str], Path]:
    def write(text: str) -> Path:
        path = tmp_path / "talk.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def test_a_file_becomes_systems_in_its_order_with_their_settings(
    talk_toml: Callable[[str], Path],
) -> None:
    config = load(talk_toml(TWO_SYSTEMS), environ={"SHOP_TOKEN": "s3cret"})

    assert list(config.systems) == ["shop", "books"]
    shop = config.systems["shop"]
    assert (shop.name, shop.connector) == ("shop", "customwebshop")
    assert shop.settings == {
        "base_url": "https://shop.example/api",
        "token": "s3cret",
        "codec": {"customer": {"mail": "email"}},
    }


def test_what_is_not_said_has_its_default(talk_toml: Callable[[str], Path]) -> None:
    path = talk_toml(TWO_SYSTEMS)
    config = load(path, environ={"SHOP_TOKEN": "x"})

    assert config.conflicts.policy("customer", "email").prefer == ()
    assert (config.sync.fresh_within, config.sync.workers) == (60, 4)
    assert config.store.url == f"sqlite:///{path.parent}/talk.db"
    assert config.systems["books"].entities == {"Product": Toggles(create=False)}
    assert config.vault.path == str(path.parent / "talk.vault")


def test_a_property_may_have_a_policy_of_its_own(talk_toml: Callable[[str], Path]) -> None:
    text = (
        TWO_SYSTEMS
        + """
[conflicts]
default = { prefer = ["books"] }
"customer.email" = { prefer = ["shop", "books"] }
"order.lines.quantity" = "newest"
"""
    )
    conflicts = load(talk_toml(text), environ={"SHOP_TOKEN": "x"}).conflicts

    assert conflicts.policy("customer", "email").prefer == ("shop", "books")
    assert conflicts.policy("customer", "name").prefer == ("books",)
    assert conflicts.policy("order", "lines.quantity").prefer == ()


def test_a_mapping_is_as_good_as_a_file() -> None:
    config = load({"systems": {"shop": {"connector": "customwebshop"}}}, environ={})

    assert config.path is None
    assert config.store.url == f"sqlite:///{Path.cwd()}/talk.db"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("sqlite:///state/t.db", "sqlite:///{folder}/state/t.db"),
        ("sqlite:////var/t.db", "sqlite:////var/t.db"),
        ("sqlite://", "sqlite://"),
        ("sqlite:///:memory:", "sqlite:///:memory:"),
        ("postgresql+psycopg://u@db/talk", "postgresql+psycopg://u@db/talk"),
    ],
)
def test_a_store_file_lies_beside_talk_toml(
    talk_toml: Callable[[str], Path], url: str, expected: str
) -> None:
    path = talk_toml(f'[systems.a]\nconnector = "x"\n[store]\nurl = "{url}"')

    assert load(path, environ={}).store.url == expected.format(folder=path.parent)


def test_a_store_url_may_come_from_the_environment() -> None:
    data = {"systems": {"a": {"connector": "x"}}, "store": {"url": {"env": "DB"}}}

    assert load(data, environ={"DB": "postgresql://db/t"}).store.url == "postgresql://db/t"


def test_a_secret_may_stand_deep_in_the_settings() -> None:
    data = {"systems": {"a": {"connector": "x", "auth": {"keys": [{"env": "KEY"}]}}}}

    settings = load(data, environ={"KEY": "k"}).systems["a"].settings
    assert settings == {"auth": {"keys": ["k"]}}


def test_no_representation_and_no_dump_shows_a_secret() -> None:
    data = {
        "systems": {"a": {"connector": "x", "token": {"env": "T"}}},
        "store": {"url": "postgresql://me:s3cret@db/t"},
    }
    config = load(data, environ={"T": "s3cret"})

    assert "s3cret" not in f"{config!r} {config} {config.systems['a']!r}"
    assert "s3cret" not in str(config.systems["a"].model_dump())


def test_pairs_of_a_mapping_are_kept_as_they_are() -> None:
    pairs = {"vat_no": "organisation_number", "fax": False, "company": {"property": "name"}}
    data = {"systems": {"shop": {"connector": "x"}}, "mapping": {"shop.Customer": pairs}}

    assert load(data, environ={}).mapping == {"shop.Customer": pairs}


def test_a_configuration_cannot_be_changed() -> None:
    config = load({"systems": {"a": {"connector": "x"}}}, environ={})

    with pytest.raises(ValidationError):
        config.sync = None  # type: ignore[misc, assignment]


def test_loading_a_configuration_imports_neither_transport_nor_store() -> None:
    code = (
        "import sys, talk_sdk._config;"
        "print(sorted({'httpx', 'sqlalchemy', 'pluggy', 'tenacity'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"
