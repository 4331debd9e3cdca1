"""A function in two processes, over gloo and without a GPU."""
import os
import socket
from pathlib import Path
from typing import Any, Callable, List

import torch
from torch import distributed
from torch import multiprocessing as mp

from mmswap.apis import leave_process_group

WORLD = 2


def free_port() -> str:
    """A port of this machine that nothing listens on."""
    with socket.socket() as sock:
        sock.bind(('127.0.0.1', 0))
        return str(sock.getsockname()[1])


def run_on_two_ranks(find: Callable[[int, int], Any],
                     folder: Path) -> List[Any]:
    """What each process finds, in the order of the ranks.

    Args:
        find: Of a module that spawned processes can import; gets the rank
            and the number of processes.
        folder: An empty one.
    """
    mp.spawn(_run_rank, (find, free_port(), str(folder)), nprocs=WORLD)
    return [torch.load(folder / f'{rank}.pth') for rank in range(WORLD)]


def _run_rank(rank: int, find: Callable[[int, int], Any], port: str,
              folder: str) -> None:
    os.environ.update(MASTER_ADDR='127.0.0.1', MASTER_PORT=port)
    torch.set_num_threads(1)
    distributed.init_process_group('gloo', rank=rank, world_size=WORLD)
    torch.save(find(rank, WORLD), f'{folder}/{rank}.pth')
    leave_process_group()
