"""Plugins are found, checked one at a time, and kept apart."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from talk_sdk._plugins import PLUGINS, Broken
from talk_sdk.errors import PluginError
from talk_sdk.events import Event

if TYPE_CHECKING:
    Site = Any

EVENT = Event(kind="run_started", run="1", at=datetime(2026, 1, 1, tzinfo=UTC))


def broken(site: Site) -> Broken:
    plugins = site.load()
    assert not plugins.connectors
    found: Broken
    (found,) = plugins.broken
    return found


def test_an_installed_connector_is_loaded_with_its_version_and_its_hooks(site: Site) -> None:
    site.connector("acme")

    plugins = site.load()
    acme = plugins.connectors["acme"]
    assert (acme.name, acme.distribution, acme.version) == ("acme", "talk-acme", "1.0")
    assert acme.connector.label == "acme"
    assert acme.hooks.talk_open(settings=None, http=None, vault={}) == "session of acme"
    assert plugins.broken == []


def test_a_call_reaches_only_the_connector_that_is_meant(site: Site) -> None:
    site.connector("acme")
    site.connector("wave")

    connectors = site.load().connectors
    for name in ("acme", "wave"):
        opened = connectors[name].hooks.talk_open(settings=None, http=None, vault={})
        assert opened == f"session of {name}"


def test_a_plugin_wraps_the_hooks_of_every_connector(site: Site) -> None:
    site.connector("acme")
    site.connector("wave")
    site.install(
        "mask",
        """
        from talk_sdk import hookimpl

        @hookimpl(wrapper=True)
        def talk_inbound(system, entity, records):
            return [{**record, "mail": system} for record in (yield)]

        @hookimpl(wrapper=True)
        def talk_open(settings, http, vault):
            return "masked " + (yield)
        """,
        group=PLUGINS,
    )

    plugins = site.load()
    assert [(o.name, o.version) for o in plugins.observers] == [("mask", "1.0")]
    for name, loaded in plugins.connectors.items():
        records = loaded.hooks.talk_inbound(system=name, entity="Customer", records=[{"id": 1}])
        assert records == [{"id": 1, "mail": name}]
        opened = loaded.hooks.talk_open(settings=None, http=None, vault={})
        assert opened == f"masked session of {name}"


def test_without_wrappers_records_come_in_as_they_are(site: Site) -> None:
    site.connector("acme")

    hooks = site.load().connectors["acme"].hooks
    records = [{"id": 1}]
    assert hooks.talk_inbound(system="a", entity="Customer", records=records) is records
    assert hooks.talk_veto(system="a", entity="Customer", operations=[]) == []


def test_what_belongs_to_other_groups_is_left_alone(site: Site) -> None:
    site.install("tool", "raise RuntimeError", group="console_scripts")

    plugins = site.load()
    assert (plugins.connectors, plugins.broken) == ({}, [])


def test_a_plugin_that_cannot_be_imported_leaves_the_others_alone(site: Site) -> None:
    site.connector("acme")
    site.install("bad", "import there_is_no_such_module")

    plugins = site.load()
    assert list(plugins.connectors) == ["acme"]
    (found,) = plugins.broken
    assert (found.name, found.distribution, found.version) == ("bad", "talk-bad", "1.0")
    assert found.error == "ModuleNotFoundError: No module named 'there_is_no_such_module'"


def test_a_misspelt_hook_is_refused_with_the_right_name(site: Site) -> None:
    site.connector("acme", "@hookimpl\ndef talk_raed(session, entity, since): ...")

    assert broken(site).error == "`talk_raed` is not a hook, did you mean `talk_read`?"


def test_a_hook_with_an_argument_that_does_not_exist_is_refused(site: Site) -> None:
    site.connector("acme", "@hookimpl\ndef talk_event(evnt): ...")

    assert "evnt" in broken(site).error


def test_a_connector_without_a_hook_that_all_have_is_refused(site: Site) -> None:
    site.connector("acme", "del talk_get, talk_find")

    assert broken(site).error == "it does not implement `talk_get`, `talk_find`"


def test_a_connector_hook_that_is_only_wrapped_is_not_implemented(site: Site) -> None:
    site.connector("acme", "@hookimpl(wrapper=True)\ndef talk_get(ids):\n    return (yield)")

    assert broken(site).error == "it does not implement `talk_get`"


def test_a_connector_has_the_name_of_its_entry_point(site: Site) -> None:
    site.connector("acme", "def other(): ...")
    site.install("emca", (site.folder / next(iter(site.folder.glob("*.py")))).read_text())

    plugins = site.load()
    assert list(plugins.connectors) == ["acme"]
    (found,) = plugins.broken
    assert found.error == "its entry point is called `emca`, its connector `acme`"


def test_what_is_no_connector_is_refused(site: Site) -> None:
    site.connector("acme", "@hookimpl\ndef talk_connector():\n    return 'acme'")

    assert broken(site).error == "`talk_connector` does not return a Connector"


def test_two_connectors_with_one_name_are_both_refused(site: Site) -> None:
    site.connector("acme", dist="talk-acme")
    site.connector("acme", dist="talk-acme-better")
    site.connector("wave")

    plugins = site.load()
    assert list(plugins.connectors) == ["wave"]
    assert {b.distribution: b.error for b in plugins.broken} == {
        "talk-acme": "`acme` is also the name of talk-acme-better 1.0: uninstall one of them",
        "talk-acme-better": "`acme` is also the name of talk-acme 1.0: uninstall one of them",
    }


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        ("@hookimpl\ndef talk_get(ids): ...", "in another plugin it has to be a wrapper"),
        ("@hookimpl\ndef talk_inbound(records): ...", "`talk_inbound` has to be a wrapper"),
        ("", "it implements no hook"),
    ],
)
def test_another_plugin_cannot_answer_for_a_connector(site: Site, code: str, sentence: str) -> None:
    site.connector("acme")
    site.install("extra", f"from talk_sdk import hookimpl\n{code}", group=PLUGINS)

    plugins = site.load()
    assert list(plugins.connectors) == ["acme"]
    (found,) = plugins.broken
    assert sentence in found.error


def test_plugins_are_turned_off_by_name(site: Site) -> None:
    site.connector("acme")
    site.connector("wave")
    site.install("bad", "raise RuntimeError", group=PLUGINS)

    plugins = site.load(TALK_DISABLE_PLUGINS="acme, bad")
    assert list(plugins.connectors) == ["wave"]
    assert plugins.broken == []
    with pytest.raises(PluginError, match="turned off by TALK_DISABLE_PLUGINS"):
        plugins.connector("acme", system="shop")


def test_an_observer_that_raises_is_reported_and_the_others_are_told(site: Site) -> None:
    listener = "from talk_sdk import hookimpl\nSEEN = []\n@hookimpl\ndef talk_event(event):\n    "
    site.install("loud", listener + "raise ValueError('no')", group=PLUGINS)
    site.install("quiet", listener + "print(event.kind)", group=PLUGINS)
    site.connector("acme", "@hookimpl\ndef talk_event(event):\n    print('acme')")

    plugins = site.load()
    assert sorted(plugins.listeners) == ["acme", "loud", "quiet"]
    assert plugins.notify(EVENT) == ["The plugin loud failed at talk_event: ValueError: no."]


def test_observers_are_told_once_each_however_many_connectors_there_are(
    site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    site.connector("acme")
    site.connector("wave")
    code = "from talk_sdk import hookimpl\n@hookimpl\ndef talk_event(event):\n    print(event.kind)"
    site.install("watch", code, group=PLUGINS)

    assert site.load().notify(EVENT) == []
    assert capsys.readouterr().out == "run_started\n"


def test_a_connector_that_is_not_installed_leads_to_the_right_one(site: Site) -> None:
    site.connector("customwebshop")

    plugins = site.load()
    with pytest.raises(PluginError) as caught:
        plugins.connector("custom-webshop", system="shop")
    assert caught.value.message == (
        "System shop needs the connector `custom-webshop`, which is not installed: "
        "did you mean `customwebshop`? If not, `pip install talk-custom-webshop` installs it."
    )


def test_a_connector_that_is_broken_is_named_with_its_cause(site: Site) -> None:
    site.install("acme", "raise RuntimeError('out of paper')")

    with pytest.raises(PluginError, match=r"broken \(talk-acme 1.0: RuntimeError: out of paper\)"):
        site.load().connector("acme", system="shop")
