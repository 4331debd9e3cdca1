"""The command ``mmswap init``."""
import json
from pathlib import Path

import pytest
from init_bases import config
from mmengine.config import Config
from PIL import Image

from mmswap.apis.cli import COMMANDS, main
from mmswap.apis.init.command import run_init

NEW = ('--new', 'data/digits/annotations/learn.json')


def test_it_says_what_was_found_and_what_to_run(digits, capsys):
    name = 'mask2former_swin-nano'
    main(['init', config(name), '--checkpoint', str(digits(name)), *NEW,
          '--forget', 'three', '--out', 'swap'])
    printed = capsys.readouterr().out
    run = [line for line in printed.splitlines() if 'mmswap run' in line][0]
    assert run.split()[2:4] == [f'swap/{name}_base_learn.py',
                                f'swap/{name}_base_forget.py']
    assert 'tools/train.py' in printed and 'eight, nine' in printed


def test_images_are_looked_for(digits, capsys):
    """In the folders that may have them, by name and size."""
    name = 'mask2former_swin-nano'
    content = json.loads(Path(NEW[1]).read_text())
    for image in content['images']:
        image.update(width=99, height=77)
    # Files of these names are there too, with images of another size.
    Path('new/images').mkdir(parents=True)
    Path('new/learn.json').write_text(json.dumps(content))
    command = ['init', config(name), '--checkpoint', str(digits(name)),
               '--new', 'new/learn.json']
    with pytest.raises(SystemExit, match='--new-images .* of the size'):
        main(command)
    for image in content['images']:
        # Turned, as by EXIF.
        Image.new('RGB', (77, 99)).save(
            f'new/images/{image["file_name"]}')
    main(command)
    assert 'the images of --new are those in new/images' in (
        capsys.readouterr().out)
    path, = Path().glob('*_learn.py')
    new = Config.fromfile(str(path)).train_dataloader.dataset.new
    assert (new.data_root, new.data_prefix.img) == ('new/', 'images/')
    # A folder that is named is taken, and so is what Pillow does not read.
    main([*command, '--new-images', 'data/digits/images/learn', '--force'])
    for path in Path('new/images').iterdir():
        path.write_bytes(b'raw')
    main([*command, '--force'])


def test_a_refusal_is_a_sentence(digits):
    name = 'mask2former_swin-nano'
    with pytest.raises(SystemExit, match='mmswap init: --forget'):
        main(['init', config(name), '--checkpoint', str(digits(name)),
              '--forget', 'owl'])
    with pytest.raises(SystemExit, match='--val must be given'):
        main(['init', config(name), '--checkpoint', str(digits(name)),
              *NEW, '--val-images', 'x'])


def test_it_is_a_command():
    assert COMMANDS['init'].run is run_init
