"""Every mistake in a talk.toml is one sentence that says where, and what to do."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import BaseModel, ConfigDict, Field, SecretStr

from talk_sdk._config import check_entities, load, settings
from talk_sdk.errors import ConfigError

ONE = '[systems.shop]\nconnector = "x"\n'


def mistake(tmp_path: Path, text: str, environ: dict[str, str] | None = None) -> str:
    path = tmp_path / "talk.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load(path, environ=environ or {})
    assert "\n" not in caught.value.message
    return caught.value.message


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("", ["No systems", "[systems.NAME]", "talk init"]),
        ("systems = 3", ["`systems` should be a table"]),
        ("[systems]\nshop = 3", ["`systems.shop` should be a table"]),
        ("[systems.shop]\ntoken = 1", ["[systems.shop] lacks `connector`", "talk plugins"]),
        ("[systems.shop]\nconnector = 3", ["`connector` in [systems.shop]", "in quotes"]),
        ('[systems.My-Shop]\nconnector = "x"', ["`My-Shop`", "small letters"]),
        (ONE + "[konflicts]", ["Unknown key `konflicts`", "did you mean `conflicts`?"]),
        (ONE + "[zzz]", ["Unknown key `zzz`", "known are `systems`, `conflicts`"]),
        (ONE + '[conflicts]\ndefault = "oldest"', ['`default` in [conflicts] should be "newest"']),
        (ONE + '[conflicts]\n"customer.emial" = "newest"', ["did you mean `customer.email`?"]),
        (ONE + '[conflicts]\n"order.total" = "newest"', ["Unknown property `order.total`"]),
        (ONE + "[conflicts]\ndefault = { prefer = [] }", ['prefer = ["shop"]']),
        (
            ONE + '[conflicts]\n"customer.email" = { prefer = ["shp"] }',
            ["names an unknown system `shp`", "did you mean `shop`?"],
        ),
        (ONE + "[sync]\nworker = 2", ["`worker` in [sync]", "did you mean `workers`?"]),
        (ONE + "[sync]\nworkers = 0", ["`workers` in [sync] should be greater than"]),
        (ONE + '[sync]\nfresh_within = "soon"', ["`fresh_within` in [sync] should be a valid"]),
        (ONE + '[store]\nurl = "mysql://x"', ["`url` in [store] should start with `sqlite:///`"]),
        (ONE + "entities.Customer = 1", ["`systems.shop.entities.Customer` should be a table"]),
        (
            ONE + "[systems.shop.entities.Customer]\nwirte = true",
            ["`wirte` in [systems.shop.entities.Customer]", "did you mean `write`?"],
        ),
        (
            ONE + '[systems.shop.entities.Customer]\nwrite = "no"',
            ["`write` in [systems.shop.entities.Customer] should be a valid boolean"],
        ),
        (ONE + "[mapping.shop.Customer]\na = 'b'", ['[mapping."shop.Customer"]', "in quotes"]),
        (ONE + '[mapping."shopp.C"]\na = "b"', ["unknown system `shopp`", "did you mean `shop`?"]),
        (ONE + '[mapping."shop.C"]\na = true', ['`a` in [mapping."shop.C"]', "false"]),
        (ONE + '[mapping."shop.C"]\na = { lense = "x" }', ["`lense`", "did you mean `lens`?"]),
        (ONE + '[mapping."shop.C"]\na = { lens = "x" }', ["`a` in", "lacks `property`"]),
        (
            ONE + '[mapping."shop.C"]\na = { property = "b", lens = 5 }',
            ["`lens` of `a` in", "should be a lens in quotes"],
        ),
        (
            ONE + '[mapping."shop.C"]\na = { property = "b", match = true }',
            ["`match` of `a` in", "should be a rank, 1 being the highest"],
        ),
        (ONE + '[store]\nurl = "sqlite:///"', ["`url` in [store] should name a file"]),
        (ONE + "token = { env = 3 }", ["System shop", "`token`", '{ env = "NAME" }']),
    ],
)
def test_a_mistake_is_named_with_its_place(tmp_path: Path, text: str, parts: list[str]) -> None:
    message = mistake(tmp_path, text)

    assert [part for part in parts if part not in message] == [], message


def test_a_syntax_error_has_line_and_column(tmp_path: Path) -> None:
    message = mistake(tmp_path, "[systems.shop]\nconnector =\n")

    assert "talk.toml is not valid TOML" in message
    assert "line 2, column" in message


def test_a_missing_file_leads_to_talk_init(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"There is no .*talk.toml: `talk init` writes one\."):
        load(tmp_path / "talk.toml")


def test_a_folder_or_a_file_that_is_no_text_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")

    with pytest.raises(ConfigError, match="not UTF-8"):
        load(tmp_path / "binary")
    with pytest.raises(ConfigError, match="cannot be read"):
        load(tmp_path)


@pytest.mark.parametrize("environ", [{}, {"SHOP_TOKEN": ""}])
def test_a_missing_secret_names_system_key_variable_and_what_to_type(
    tmp_path: Path, environ: dict[str, str]
) -> None:
    message = mistake(tmp_path, ONE + 'auth.token = { env = "SHOP_TOKEN" }', environ)

    assert "System shop takes `auth.token` from the environment variable SHOP_TOKEN" in message
    assert "export SHOP_TOKEN=" in message


class Auth(BaseModel):
    model_config = ConfigDict(extra="forbid")

    user: str = ""
    password: SecretStr = Field(description="As the shop's owner got it.")


class ShopSettings(BaseModel):
    model_config = ConfigDict(extra="forbid")

    base_url: str = Field(pattern="^[a-z]+$", description="Where the API is.")
    token: SecretStr
    timeout: float = 30
    auth: Auth | None = None


@pytest.mark.parametrize(
    ("own", "sentence"),
    [
        (
            {},
            "[systems.shop] lacks `base_url` (Where the API is) and `token`.",
        ),
        (
            {"base_url": "u", "tokn": "s3cret"},
            "Unknown key `tokn` in [systems.shop]: did you mean `token`?",
        ),
        (
            {"base_url": "u", "token": "s3cret", "auth": {"pasword": "s3cret"}},
            "Unknown key `pasword` in [systems.shop.auth]: did you mean `password`?",
        ),
        (
            {"base_url": "u", "token": "s3cret", "auth": {"user": "me"}},
            "[systems.shop.auth] lacks `password` (As the shop's owner got it).",
        ),
        (
            {"base_url": "S3CRET", "token": "s3cret"},
            "`base_url` in [systems.shop] does not have the right form (Where the API is).",
        ),
        (
            {"base_url": "u", "token": 5, "timeout": "s3cret"},
            "`token` in [systems.shop] should be a valid string.",
        ),
    ],
)
def test_a_mistake_in_a_connectors_settings_is_named_without_its_value(
    own: dict[str, object], sentence: str
) -> None:
    config = load({"systems": {"shop": {"connector": "x", **own}}}, environ={})

    with pytest.raises(ConfigError) as caught:
        settings(config.systems["shop"], ShopSettings)
    assert caught.value.message == sentence
    assert "s3cret" not in sentence


def test_right_settings_become_the_connectors_model() -> None:
    own = {"base_url": "u", "token": {"env": "T"}}
    config = load({"systems": {"shop": {"connector": "x", **own}}}, environ={"T": "s3cret"})

    found = settings(config.systems["shop"], ShopSettings)
    assert found.token.get_secret_value() == "s3cret"


@pytest.mark.parametrize(
    "more",
    [
        {"mapping": {"shop.Custmer": {"a": "b"}}},
        {"systems": {"shop": {"connector": "x", "entities": {"Custmer": {}}}}},
    ],
)
def test_an_entity_that_the_connector_does_not_have_is_refused(more: dict[str, object]) -> None:
    config = load({"systems": {"shop": {"connector": "x"}}, **more}, environ={})

    with pytest.raises(ConfigError, match=r"no entity `Custmer`: did you mean `Customer`\?"):
        check_entities(config, {"shop": ["Customer", "Product"]})
