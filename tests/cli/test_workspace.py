"""`talk init` and `talk plugins`: from what is installed to a talk.toml that loads."""

from __future__ import annotations

import json
from typing import Any

import pluggy
import pytest
from pydantic import BaseModel, Field, SecretStr

from talk_sdk import hookspecs
from talk_sdk._config import load, settings
from talk_sdk._plugins import Broken, LoadedConnector, LoadedPlugin, Plugins
from talk_sdk.connector import Connector, Entity
from talk_sdk.models import Settings, WireModel

SYSTEMS = ("--system", "shop=acme", "--system", "books=acme")


class Codec(BaseModel):
    decimal_comma: bool = False
    names: dict[str, str] = Field(default_factory=dict)


class AcmeSettings(Settings):
    base_url: str = Field(description="Where the API is.")
    token: SecretStr = Field(description="As the owner\nmade it.")
    proxy_password: SecretStr | None = Field(default=None, description="Of the proxy.")
    timeout: float = Field(default=30.0, description="Seconds.")
    tags: list[str] = Field(default_factory=list)
    codec: Codec = Codec()


class Customer(WireModel):
    id: str


@hookspecs.hookimpl
def talk_entities(settings: AcmeSettings) -> list[Entity]:
    return [Entity(Customer, deletes="listing", incremental=True, update=None)]


class Acme:
    talk_entities = staticmethod(talk_entities)


@pytest.fixture
def acme() -> LoadedConnector:
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    manager.register(Acme)
    connector = Connector("acme", "Acme's shop", AcmeSettings)
    return LoadedConnector("acme", "talk-acme", "1.0", connector, manager.hook)


@pytest.fixture(autouse=True)
def installed(talk: Any, acme: LoadedConnector) -> None:
    talk.connectors["acme"] = acme


def test_init_writes_a_file_that_loads(talk: Any) -> None:
    done = talk(
        *("-c", str(talk.config), "init", *SYSTEMS),
        *("--set", "shop.base_url=https://shop.example/a=b", "--set", "books.base_url=x"),
        *("--set", "shop.timeout=5", "--set", 'shop.tags=["a", "b"]'),
        *("--set", "books.token=env:MY_TOKEN"),
    )
    assert done.exit_code == 0, done.output

    config = load(talk.config, environ={"SHOP_TOKEN": "s1", "MY_TOKEN": "s2"})
    shop, books = (settings(system, AcmeSettings) for system in config.systems.values())
    assert list(config.systems) == ["shop", "books"]
    assert (shop.base_url, shop.timeout) == ("https://shop.example/a=b", 5)
    assert shop.tags == ["a", "b"]
    assert shop.token.get_secret_value() == "s1"
    assert books.token.get_secret_value() == "s2"
    assert books.timeout == 30


def test_init_explains_every_setting_and_its_default(talk: Any) -> None:
    talk("-c", str(talk.config), "init", *SYSTEMS)

    text = talk.config.read_text()
    assert '# Acme\'s shop\n[systems.shop]\nconnector = "acme"\n' in text
    assert "# Where the API is.\n# Needed.\n# base_url =\n" in text
    assert '# As the owner made it.\n# Needed.\ntoken = { env = "SHOP_TOKEN" }\n' in text
    assert '# Of the proxy.\n# proxy_password = { env = "SHOP_PROXY_PASSWORD" }\n' in text
    assert "# Seconds.\n# timeout = 30.0\n" in text
    assert "# tags = []\n" in text
    assert "# codec = { decimal_comma = false, names = {} }\n" in text


def test_init_says_what_is_still_to_do(talk: Any) -> None:
    done = talk("-c", str(talk.config), "init", *SYSTEMS, "--set", "books.base_url=x")

    assert "Then fill in: [systems.shop] base_url\n" in done.stdout
    assert "[systems.books] base_url" not in done.stdout
    assert "Then type: export SHOP_TOKEN=…\n" in done.stdout
    assert done.stdout.endswith("Then type: talk check\n")


def test_init_does_not_overwrite_unless_it_is_forced(talk: Any) -> None:
    talk.config.write_text("mine")

    done = talk("-c", str(talk.config), "init", *SYSTEMS)
    assert done.exit_code == 2
    assert "exists: `--force` replaces it" in done.stderr
    assert talk.config.read_text() == "mine"
    assert talk("-c", str(talk.config), "init", *SYSTEMS, "--force").exit_code == 0
    assert "[systems.shop]" in talk.config.read_text()


def test_init_without_options_lists_what_can_be_chosen(talk: Any) -> None:
    done = talk("-c", str(talk.config), "init")

    assert done.exit_code == 2
    assert "acme: Acme's shop" in done.stdout
    assert "talk init --system one=acme --system two=acme" in done.stdout
    assert not talk.config.exists()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--system", "shop"], "`shop` should have the form `--system NAME=CONNECTOR`."),
        (["--system", "shop=acmee"], "did you mean `acme`?"),
        (["--system", "My Shop=acme"], "`My Shop` cannot be a system's name"),
        (["--system", "a=acme", "--system", "a=acme"], "Two systems have one name"),
        ([*SYSTEMS, "--set", "shop.token"], "`--set NAME.KEY=VALUE`"),
        ([*SYSTEMS, "--set", "shopp.token=x"], "unknown system, did you mean `shop`?"),
        ([*SYSTEMS, "--set", "shop.tokn=x"], "unknown setting, did you mean `token`?"),
    ],
)
def test_init_tells_a_mistake_and_writes_nothing(
    talk: Any, arguments: list[str], sentence: str
) -> None:
    done = talk("-c", str(talk.config), "init", *arguments)

    assert done.exit_code == 2
    assert sentence in done.stderr
    assert not talk.config.exists()


def test_plugins_shows_versions_entities_and_what_is_broken(talk: Any) -> None:
    talk.plugins = Plugins(
        connectors=talk.connectors,
        observers=[LoadedPlugin("mask", "talk-mask", "0.3")],
        broken=[Broken("bad", "talk_sdk.connectors", "talk-bad", "2.0", "ImportError: no x")],
    )

    done = talk("plugins")
    assert done.exit_code == 0
    assert "acme: Acme's shop\n  talk-acme 1.0\n" in done.stdout
    assert "read, read changes only, create, show deletions" in done.stdout
    assert "mask: talk-mask 0.3" in done.stdout
    assert "broken: bad (talk-bad 2.0): ImportError: no x" in done.stderr


def test_plugins_as_json_has_the_same(talk: Any) -> None:
    talk.plugins = Plugins(talk.connectors, disabled=frozenset({"wave"}))

    found = json.loads(talk("plugins", "--json").stdout)
    (connector,) = found["connectors"]
    assert (connector["name"], connector["version"]) == ("acme", "1.0")
    assert "show deletions" in connector["entities"]["Customer"]
    assert found["disabled"] == ["wave"]
