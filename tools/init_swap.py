"""Write the configs of a swap from a stock config and a checkpoint.

The same as ``mmswap init``, for those who work in a checkout.
"""
import sys

from mmswap.apis.cli import main

if __name__ == '__main__':
    main(['init', *sys.argv[1:]])
