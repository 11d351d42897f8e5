"""What a connector's author tests with: twins of systems, a neutral world, faults, clocks.

Nothing is imported here, so that each part costs only what it needs:

* `talk_sdk.testing.clock`: a clock that moves only when told to.
* `talk_sdk.testing.world`: people, companies, products and orders that seed every twin.
* `talk_sdk.testing.faults`: what goes wrong, as data.
* `talk_sdk.testing.service`, `fields`, `records`, `resource`, `paging`: what twins are built of.
* `talk_sdk.testing.control`, `remote`: what a test asks of a twin, and does to it as a user would.
* `talk_sdk.testing.serve`: a twin inside this process, or as a server in one of its own.
"""
