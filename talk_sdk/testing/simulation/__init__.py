"""The seeded simulation: users, faults and crashes around the real engine, and an oracle.

python -m talk_sdk.testing.simulation --seeds 200
"""
