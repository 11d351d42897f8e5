from datetime import timedelta

from talk_sdk.testing.clock import START, VirtualClock


def test_time_moves_only_by_sleeping_and_never_back():
    clock = VirtualClock()
    assert clock.now() == START
    clock.sleep(1.5)
    clock.advance(-9)
    assert (clock.now() - START, clock.monotonic()) == (timedelta(seconds=1.5), 1.5)


def test_offset_is_a_wrong_view_of_the_same_time():
    clock = VirtualClock()
    server = clock.offset(-3600)
    server.sleep(5)
    assert clock.now() - server.now() == timedelta(hours=1)
    assert server.monotonic() == clock.monotonic() == 5
