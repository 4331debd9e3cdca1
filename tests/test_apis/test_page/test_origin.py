"""Hashes are those of the files, and commands do the same again."""
import hashlib
import shlex
from pathlib import Path

import pytest
from mmengine.config import Config

from mmswap.apis import run_swap
from mmswap.apis.cli import build_parser
from mmswap.apis.page.facts import read_curves, read_facts
from mmswap.apis.page.origin import annotation_files, commands, file_rows


def test_hashes_of_what_went_in_and_came_out(swapped, toy):
    rows = file_rows(read_facts(swapped))
    found = {Path(row['path']).name: row for row in rows}
    assert [row['what'] for row in rows] == [
        'base model', 'checkpoint of toy_learn', 'config of toy_learn',
        'checkpoint of toy_forget', 'config of toy_forget']
    content = toy.base.read_bytes()
    assert found['base.pth']['size'] == len(content)
    assert found['base.pth']['sha256'] == hashlib.sha256(content).hexdigest()
    toy.base.unlink()
    assert file_rows(read_facts(swapped))[0]['sha256'] is None


def test_the_command_runs_the_same_again(toy):
    options = {'train_cfg.max_iters': 2, 'randomness.seed': 7,
               'model.target': [.8, .7, .5]}
    run_swap([toy.learn, toy.forget], toy.work_dir, cfg_options=options,
             images=0)
    run, merge = commands(read_facts(toy.work_dir))
    args = build_parser().parse_args(shlex.split(run)[1:])
    assert args.configs == [str(toy.learn), str(toy.forget)]
    assert args.work_dir == str(toy.work_dir)
    assert args.cfg_options == options
    assert not args.amp and not args.new_adapters
    args = build_parser().parse_args(shlex.split(merge)[1:])
    assert Path(args.config).is_file() and Path(args.checkpoint).is_file()


def test_annotation_files_of_data_that_say_only_what_differs(tmp_path):
    for name in ('old.json', 'new.json'):
        (tmp_path / name).touch()
    root = str(tmp_path)
    cfg = Config(dict(
        train_dataloader=dict(dataset=dict(
            old=dict(data_root=root, ann_file='old.json'),
            new=dict(ann_file='new.json'))),
        val_dataloader=dict(dataset=dict(data_root=root,
                                         ann_file='gone.json'))))
    assert annotation_files(cfg) == [
        str(tmp_path / name) for name in ('old.json', 'new.json',
                                          'gone.json')]


def test_of_a_resumed_phase_the_later_run_counts(tmp_path):
    for run, lines in (('1', ['{"a": 1.0, "step": 10}',
                              '{"a": 2.0, "step": 20}']),
                       ('2', ['{"a": 3.0, "step": 20}', '{"b": 1}'])):
        log = tmp_path / run / 'vis_data' / 'scalars.json'
        log.parent.mkdir(parents=True)
        log.write_text('\n'.join(lines))
    assert read_curves(tmp_path)['a'] == [[10, 20], [1., 3.]]


def test_a_phase_without_its_config(swapped):
    for file in (swapped / 'toy_forget').glob('*.py'):
        file.unlink()
    with pytest.raises(FileNotFoundError, match='WORK_DIR'):
        read_facts(swapped)
