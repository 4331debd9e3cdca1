"""Write lists for a data set of one folder a class, with a split drawn.

NWPU-RESISC45 and PlantVillage are such data sets without a split of their
own.
"""
from common import (
    add_split_arguments,
    make_parser,
    parse_args,
    read_folders,
    require,
    split_items,
    stop,
    write_lists,
)

HINT = 'ROOT must hold one folder a class, or --folder name where they are'


def main() -> None:
    parser = make_parser(__doc__, HINT)
    parser.add_argument(
        '--folder',
        default='.',
        help='folder below ROOT that holds the class folders (default: ROOT '
        'itself); "color" for PlantVillage')
    add_split_arguments(parser)
    args = parse_args(parser)
    require(args.root, [args.folder], HINT)
    files = read_folders(args.root / args.folder)
    if not files:
        stop(f'{args.root / args.folder} must hold one folder of images a '
             'class, got none: give --folder')
    splits = dict(train=[], val=[])
    for label, (name, names) in enumerate(files.items()):
        # Drawn by class and name: another place gives the same split.
        paths = [f'{name}/{file}' for file in names]
        for split, chosen in zip(
                splits, split_items(paths, args.val_share, args.seed)):
            prefix = '' if args.folder == '.' else f'{args.folder}/'
            splits[split] += [(prefix + path, label) for path in chosen]
    write_lists(args.out, list(files), splits)


if __name__ == '__main__':
    main()
