"""What is measured of a training step."""
import statistics
import time
import weakref
from collections import Counter
from typing import Any, Callable, Dict

import torch
from torch import Tensor, nn

Step = Callable[[Any], Any]


def timed(step: Step) -> Callable[[Any], float]:
    """A function that takes a step and returns its seconds.

    On a CPU those that the process had, as a shared machine gives it more at
    one time than at another.
    """
    on_gpu = torch.cuda.is_available()
    clock = time.perf_counter if on_gpu else time.process_time

    def run(batch: Any) -> float:
        if on_gpu:
            torch.cuda.synchronize()
        start = clock()
        step(batch)
        if on_gpu:
            torch.cuda.synchronize()
        return clock() - start

    return run


class KeptBytes:
    """Counts what autograd keeps for the backward pass, as a context manager.

    Each storage counts once, however many tensors of it are kept, and
    parameters and buffers do not.

    Args:
        model: Whose parameters and buffers do not count.

    Attributes:
        peak: The most that was kept at one time, in bytes.
    """

    def __init__(self, model: nn.Module) -> None:
        self.peak = 0
        self._now = 0
        self._uses: Counter = Counter()
        self._own = {
            tensor.untyped_storage().data_ptr()
            for tensor in [*model.parameters(), *model.buffers()]
        }
        self._hooks = torch.autograd.graph.saved_tensors_hooks(
            self._pack, lambda kept: kept.tensor)

    def __enter__(self) -> 'KeptBytes':
        self._hooks.__enter__()
        return self

    def __exit__(self, *error: Any) -> None:
        self._hooks.__exit__(*error)

    def _pack(self, tensor: Tensor) -> '_Kept':
        kept = _Kept(tensor)
        storage = tensor.untyped_storage()
        key, size = storage.data_ptr(), storage.nbytes()
        if key not in self._own:
            self._now += 0 if self._uses[key] else size
            self._uses[key] += 1
            self.peak = max(self.peak, self._now)
            weakref.finalize(kept, self._drop, key, size)
        return kept

    def _drop(self, key: int, size: int) -> None:
        self._uses[key] -= 1
        self._now -= 0 if self._uses[key] else size


class _Kept:
    """What the graph holds instead of a tensor."""

    def __init__(self, tensor: Tensor) -> None:
        # An output would hold the node that keeps it, and never be let go.
        self.tensor = tensor.detach()


def kept_bytes(model: nn.Module, step: Step, batch: Any) -> int:
    """The most that autograd keeps at one time in a step, in bytes."""
    with KeptBytes(model) as kept:
        step(batch)
    return kept.peak


def state_bytes(optim: Any) -> int:
    """What an optimizer keeps of all parameters, in bytes."""
    return sum(value.untyped_storage().nbytes()
               for state in optim.optimizer.state.values()
               for value in state.values() if isinstance(value, Tensor))


def sparsity_seconds(optim: Any, calls: int = 5) -> float:
    """The seconds of the group sparsity of one update; 0 without.

    Adds the penalty to the gradients, or shrinks the groups, which does not
    change what a step costs.

    Args:
        optim: The optim wrapper.
        calls: How many are timed; their median counts.
    """
    sparsity = getattr(optim, 'sparsity', None)
    if sparsity is None:
        return 0.

    def update(_: Any) -> None:
        sparsity.before_step()
        sparsity.after_step(optim.optimizer)

    clock = timed(update)
    return statistics.median(clock(None) for _ in range(calls))


def gpu_figures(step: Step, batch: Any) -> Dict[str, float]:
    """Of one step on the GPU.

    Returns:
        ``peak``, allocated memory in GiB, all models' weights included;
        ``launches`` of kernels; ``waits``, calls of the host that wait for
        the GPU: synchronisations, without the one that ends the measurement.
    """
    from torch.profiler import ProfilerActivity, profile
    torch.cuda.synchronize()
    torch.cuda.reset_peak_memory_stats()
    activities = [ProfilerActivity.CPU, ProfilerActivity.CUDA]
    with profile(activities=activities) as found:
        step(batch)
    calls = {event.key: event.count for event in found.key_averages()}
    return dict(
        peak=torch.cuda.max_memory_allocated() / 2**30,
        launches=_count(calls, 'LaunchKernel'),
        waits=_count(calls, 'StreamSynchronize'))


def operators(step: Step, batch: Any, rows: int = 12) -> str:
    """Where the CPU time of a step goes, by operator, as a table."""
    from torch.profiler import ProfilerActivity, profile
    with profile(activities=[ProfilerActivity.CPU]) as found:
        step(batch)
    return found.key_averages().table(
        sort_by='self_cpu_time_total', row_limit=rows)


def _count(calls: Dict[str, int], name: str) -> int:
    return sum(count for key, count in calls.items() if name in key)
