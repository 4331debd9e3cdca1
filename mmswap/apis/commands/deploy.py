"""What carries a result to where it is used: export."""
import argparse

from mmswap.apis.commands.command import Command, add_trust
from mmswap.apis.export import describe_input, export_onnx
from mmswap.export.graph import worst_difference


def _add_export_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        'config',
        metavar='CONFIG',
        help='config file of a stock model, such as mmswap merge writes')
    parser.add_argument(
        'checkpoint', metavar='CHECKPOINT', help='its checkpoint')
    parser.add_argument(
        'out', metavar='OUT', help='file to write, *.onnx')
    parser.add_argument(
        '--size',
        nargs=2,
        type=int,
        metavar=('H', 'W'),
        help='height and width of the images in pixels (default: those of '
        'the first image of test_dataloader)')
    parser.add_argument(
        '--int8',
        action='store_true',
        help='write OUT with the ending _int8.onnx too, whose weights have 8 '
        'bits (default: only the one with 32)')
    add_trust(parser)


def _export(args: argparse.Namespace) -> None:
    size = tuple(args.size) if args.size else None
    found = export_onnx(args.config, args.checkpoint, args.out, size,
                        args.int8, args.trust)
    for path, differences in found.items():
        output, difference = worst_difference(differences)
        print(f'ONNX file: {path}, {describe_input(path)}; farthest from '
              f'torch is {output}, by {difference:.2g} of its largest value')


EXPORT = Command(
    'write a stock or merged model as an ONNX file, also with 8-bit weights',
    _add_export_arguments,
    _export,
    about="Write the raw outputs of a model's head as an ONNX file and "
    'compare them with those of torch: single-stage detectors (YOLOX, '
    'RTMDet), Mask R-CNN in three files, semantic segmentors and '
    'classifiers. What is deployed may remember what the trained model '
    'forgot, so score the file itself: mmswap test takes it where it takes '
    'a checkpoint.',
    examples='mmswap export merged.py merged.pth model.onnx\n'
    'mmswap export merged.py merged.pth model.onnx --size 416 416 --int8')
