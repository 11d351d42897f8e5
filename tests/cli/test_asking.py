"""`talk init` without options asks a person for all that is needed, and writes what they said."""

from __future__ import annotations

from typing import Any

import pytest

from talk_sdk._config import load, settings
from talk_sdk._plugins import load as installed


@pytest.fixture
def asked(talk: Any) -> Any:
    """`talk init` at a terminal, with the connectors that are installed."""
    talk.terminal = True
    talk.plugins = installed()

    def ask(*lines: str) -> Any:
        return talk("-c", str(talk.config), "init", typed="".join(f"{line}\n" for line in lines))

    ask.talk = talk  # type: ignore[attr-defined]
    return ask


def test_answers_become_a_file_that_loads(asked: Any) -> None:
    done = asked(
        "customwebshop customerp",
        "shop", "https://shop.example/api", "",
        "", "https://erp.example/erp/v1", "talk", "ERP_SECRET",
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    environ = {"SHOP_TOKEN": "t", "ERP_SECRET": "p"}
    config = load(asked.talk.config, environ=environ)
    assert list(config.systems) == ["shop", "customerp"]
    plugins = asked.talk.plugins.connectors
    shop = settings(config.systems["shop"], plugins["customwebshop"].connector.settings)
    assert shop.base_url == "https://shop.example/api"
    erp = settings(config.systems["customerp"], plugins["customerp"].connector.settings)
    assert (erp.username, erp.password.get_secret_value()) == ("talk", "p")
    assert "Then type: export SHOP_TOKEN=…" in done.output
    assert "Then type: export ERP_SECRET=…" in done.output
    assert done.output.rstrip().endswith("Then type: talk check")


def test_digits_stay_a_text_where_the_setting_is_one_that_may_be_missing(asked: Any) -> None:
    talk = asked.talk
    done = talk(
        "-c", str(talk.config), "init", "--system", "books=wave", "--set", "books.business_id=5003"
    )
    assert done.exit_code == 0, done.output
    assert '\nbusiness_id = "5003"\n' in talk.config.read_text()


def test_numbers_choose_as_well_as_names(asked: Any) -> None:
    names = list(asked.talk.plugins.connectors)
    number = names.index("customwebshop") + 1
    done = asked(str(number), "shop", "https://shop.example/api", "")
    assert done.exit_code == 0, done.output
    assert f"  {number}  Custom webshop (customwebshop)" in done.output


def test_what_a_connector_mostly_needs_is_asked_too_and_may_be_left_out(asked: Any) -> None:
    done = asked("wave", "books", "", "")
    assert done.exit_code == 0, done.output
    text = asked.talk.config.read_text()
    assert '\naccess_token = { env = "BOOKS_ACCESS_TOKEN" }\n' in text
    assert "\n# business_id =\n" in text
    assert "Then type: export BOOKS_ACCESS_TOKEN=…" in done.output


def test_a_secret_that_is_not_needed_can_be_left_out(asked: Any) -> None:
    done = asked("wave", "books", "", "-")
    assert done.exit_code == 0, done.output
    assert "\n# access_token = " in asked.talk.config.read_text()
    assert "export" not in done.output


def test_two_systems_of_one_connector_get_names_of_their_own(asked: Any) -> None:
    done = asked(
        "customwebshop customwebshop",
        "", "https://one.example/api", "",
        "customwebshop", "", "https://two.example/api", "",
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    assert "Another system is called `customwebshop` already." in done.output
    environ = {"CUSTOMWEBSHOP_TOKEN": "a", "CUSTOMWEBSHOP2_TOKEN": "b"}
    assert list(load(asked.talk.config, environ=environ).systems) == [
        "customwebshop", "customwebshop2",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (("webshop",), "`webshop` is none of them."),
        (("99",), "`99` is none of them."),
        (("customwebshop", "My Shop"), "use small letters, digits"),
        (("customwebshop", "shop", "shop.example"), "does not fit base_url"),
    ],
)
def test_a_wrong_answer_is_asked_again(asked: Any, wrong: tuple[str, ...], words: str) -> None:
    right = ("customwebshop", "shop", "https://shop.example/api", "")
    done = asked(*wrong, *right[len(wrong) - 1 :])
    assert done.exit_code == 0, done.output
    assert words in done.output
    assert list(load(asked.talk.config, environ={"SHOP_TOKEN": "t"}).systems) == ["shop"]


def test_a_file_that_exists_is_named_before_anything_is_asked(asked: Any) -> None:
    asked.talk.config.write_text("# mine\n")
    done = asked()
    assert done.exit_code == 2
    assert "`--force` replaces it" in done.stderr
    assert asked.talk.config.read_text() == "# mine\n"


def test_a_person_who_leaves_leaves_no_file(asked: Any) -> None:
    done = asked("customwebshop", "shop")
    assert done.exit_code != 0
    assert not asked.talk.config.exists()
