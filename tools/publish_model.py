"""Turn a stock or merged checkpoint into a small file to hand out.

The same as ``mmswap publish``, for those who work in a checkout.
"""
import sys

from mmswap.apis.cli import main

if __name__ == '__main__':
    main(['publish', *sys.argv[1:]])
