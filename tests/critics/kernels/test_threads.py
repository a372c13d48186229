"""Pieces of work on threads: the same results in the same order, and errors that come through."""

import copy
import threading

import pytest
import torch

from otgan.critics.kernels.threads import Workers, single_threaded


@pytest.mark.parametrize("threads", [1, 2, 3])
@pytest.mark.parametrize("count", [0, 1, 2, 7])
def test_results_come_in_order(threads, count):
    items = [torch.tensor(float(k)) for k in range(count)]
    assert Workers(threads).map(torch.square, items) == [torch.square(item) for item in items]


def test_pieces_run_on_several_threads_without_gradients():
    barrier = threading.Barrier(2)

    def work(_):
        barrier.wait(timeout=10)  # passes only if two threads are here at once
        return threading.get_ident(), torch.is_grad_enabled(), torch.get_num_threads()

    (one, grad_one, threads_one), (other, grad_other, threads_other) = Workers(2).map(work, [0, 1])
    assert one != other
    assert not grad_one and not grad_other
    assert threads_one == threads_other == 1


def test_workers_are_as_many_inside_of_single_threaded():
    def who(_):
        barrier.wait(timeout=10)
        return threading.get_ident()

    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        with single_threaded(), single_threaded():
            barrier = threading.Barrier(2)
            assert len(set(Workers().map(who, [0, 1]))) == 2
        torch.set_num_threads(1)
        with single_threaded():
            barrier = threading.Barrier(1)
            assert len(set(Workers().map(who, [0, 1]))) == 1
    finally:
        torch.set_num_threads(before)


def test_errors_come_through_and_threads_are_given_back():
    before = torch.get_num_threads()

    def fail(item):
        raise ZeroDivisionError(item)

    with pytest.raises(ZeroDivisionError):
        Workers(2).map(fail, [0, 1, 2])
    with pytest.raises(ZeroDivisionError), single_threaded():
        fail(0)
    assert torch.get_num_threads() == before


def test_workers_can_be_copied():
    workers = Workers(2)
    workers.map(abs, [1, 2])
    assert copy.deepcopy(workers).map(abs, [-1, -2]) == [1, 2]
