"""Names and places that the world's generator draws from, awkward ones among them."""

from __future__ import annotations

FIRST = (
    "Anna", "Bjørn", "Åse", "Søren", "Märta", "Óðinn", "Jo\u0308rg", "Zoe\u0308", "Rene\u0301",
    "Aino", "Łukasz", "Nguyễn", "José", "Ingrid", "Ola", "Kari", "美咲", "伟", "지우", "D'Arcy",
)  # fmt: skip
"""Some have their accents as combining characters (NFD)."""

LAST = (
    "Hansen", "Ødegård", "Sæther", "Åkesson", "Müller", "O'Brien", "van der Berg", "Nilsen-Dahl",
    "Þórsdóttir", "Ma\u0308kinen", "Garci\u0301a", "佐藤", "王", "김", "Smith", "Østby", "Lund",
    "Kjær", "Björk", "St. John",
)  # fmt: skip

TRADES = (
    "Bygg", "Frisør", "Elektro", "Fisk & Sjømat", "Bakeri", "Regnskap", "Möbel", "Smørebrød",
    "Rør og Varme", "Optikk", "Blomster", "Verktøy", "Transport", "貿易", "Kafé", "Cafe\u0301",
)  # fmt: skip

FORMS = ("AS", "AB", "ApS", "GmbH", "Ltd.", "ENK", "株式会社", "A/S")

LONG = " — Avdeling for Håndverk, Prosjektering og Langvarige Navnetradisjoner"
"""Makes any name longer than fifty characters."""

THINGS = (
    "Hammer", "Skrue 4×40", "Maling, hvit", "Sag", "Lampe «Månen»", "Stol", "Kaffe 500 g",
    'Rørdel ½"', "Hanske", "Kabel 3 m", "Ta\u0308pete", "Ølglass", "お茶", "Tape", "Bok",
)  # fmt: skip

STREETS = ("Storgata", "Ærfuglveien", "Nygårdsgata", "Bahnhofstraße", "Kungsgatan", "Åsveien")

PLACES = (
    ("0155", "Oslo", "NO"),
    ("5003", "Bergen", "NO"),
    ("9008", "Tromsø", "NO"),
    ("111 22", "Stockholm", "SE"),
    ("1550", "København", "DK"),
    ("80331", "München", "DE"),
    ("SW1A 1AA", "London", "GB"),
    ("100-0001", "東京", "JP"),
)

PHONES = (
    "+47 22 {0:02d} {1:02d} {2:02d}",
    "22{0:02d}{1:02d}{2:02d}",
    "0047 22{0:02d}{1:02d}{2:02d}",
    "22 {0:02d} {1:02d} {2:02d}",
    "(+47) 22-{0:02d}-{1:02d}-{2:02d}",
)
"""One number in five ways of writing it."""

PRICES = ("11.005", "0.10", "199", "49.90", "1234.565", "7.125", "0.015", "99.99", "10", "2500.5")
"""Three decimals among them, some that round up and some that round half."""
