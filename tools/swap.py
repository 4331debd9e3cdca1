"""Run the phases of a swap in order; what is finished is not run again.

The same as ``mmswap run``, for those who work in a checkout.
"""
import sys

from mmswap.apis.cli import main

if __name__ == '__main__':
    main(['run', *sys.argv[1:]])
