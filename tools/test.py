"""Test a model of mmdet, mmseg or mmpretrain, swaps included.

The same as ``mmswap test``, for those who work in a checkout.
"""
import sys

from mmswap.apis.cli import main

if __name__ == '__main__':
    main(['test', *sys.argv[1:]])
