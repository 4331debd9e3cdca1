"""Turn a phase checkpoint into a plain one, with the stock config for it.

The same as ``mmswap merge``, for those who work in a checkout.
"""
import sys

from mmswap.apis.cli import main

if __name__ == '__main__':
    main(['merge', *sys.argv[1:]])
