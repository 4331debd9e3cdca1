"""Tools that make base models."""
import runpy
import sys
from pathlib import Path

import pytest
import torch

TOOLS = Path(__file__).parents[2] / 'tools' / 'model_converters'


def make_head(num_classes):
    """A head of mmpretrain's ViT, whatever scope an earlier test left."""
    from mmengine.registry import DefaultScope
    from mmpretrain.models.heads import VisionTransformerClsHead
    with DefaultScope.overwrite_default_scope('mmpretrain'):
        return VisionTransformerClsHead(num_classes, in_channels=3)


@pytest.fixture
def head():
    """One with four classes."""
    return make_head(4)


@pytest.fixture
def cut(tmp_path, monkeypatch, head):
    """(names to keep, names of all) -> state dict of the cut head."""
    state = {f'head.{key}': value for key, value in head.state_dict().items()}
    state['backbone.cls_token'] = torch.zeros(4, 1)
    torch.save(
        dict(state_dict=state, meta=dict(epoch=3)), tmp_path / 'all.pth')
    for name in ('n4', 'n1', 'n3', 'n2'):
        (tmp_path / 'train' / name).mkdir(parents=True)

    def run(keep, classes='train'):
        (tmp_path / 'keep.txt').write_text('\n'.join(keep) + '\n')
        args = ('all.pth', 'keep.txt', classes, 'out/some.pth')
        monkeypatch.setattr(
            sys, 'argv', ['cut_head.py', *(str(tmp_path / a) for a in args)])
        runpy.run_path(str(TOOLS / 'cut_head.py'), run_name='__main__')
        return torch.load(tmp_path / args[-1], weights_only=True)['state_dict']

    return run


def test_rows_follow_the_list(cut, head, capsys):
    state = cut(['n3', 'n1'])
    assert '2 of 4 classes' in capsys.readouterr().out
    # Only the head has classes.
    assert state.pop('backbone.cls_token').shape == (4, 1)
    small = make_head(2)
    small.load_state_dict({key[len('head.'):]: state[key] for key in state})
    features = torch.randn(5, 3)
    torch.testing.assert_close(
        small.layers(features),
        head.layers(features)[:, [2, 0]])


@pytest.mark.parametrize('keep, message', [
    (['n1', 'n9'], 'n9'),
    (['n1', 'n1'], '2 lines with 1 names'),
])
def test_wrong_classes_are_named(cut, keep, message):
    with pytest.raises(SystemExit, match=message):
        cut(keep)


def test_number_of_classes_must_fit(cut, tmp_path):
    (tmp_path / 'three.txt').write_text('n1\nn2\nn3\n')
    with pytest.raises(SystemExit, match='each of the 3 classes, got'):
        cut(['n1'], 'three.txt')
    with pytest.raises(SystemExit, match='there is neither'):
        cut(['n1'], 'four.txt')


@pytest.fixture
def add_background(tmp_path, monkeypatch):
    """(task, state dict of a detector) -> that of the task's model."""

    def run(task, state):
        files = [str(tmp_path / name) for name in ('in.pth', 'out.pth')]
        torch.save(dict(state_dict=state), files[0])
        monkeypatch.setattr(sys, 'argv', ['add_background.py', task, *files])
        runpy.run_path(str(TOOLS / 'add_background.py'), run_name='__main__')
        return torch.load(files[1], weights_only=True)['state_dict']

    return run


DETECTOR = {
    'backbone.norm.bias': torch.ones(2),
    'panoptic_head.cls_embed.bias': torch.tensor([1., 2., 9.]),
    'panoptic_head.mask_embed.0.weight': torch.ones(4, 2),
    'panoptic_head.query_feat.weight': torch.ones(4, 2),
    'panoptic_head.query_embed.weight': torch.ones(4, 2),
}


def test_background_comes_first_and_starts_as_no_object(add_background):
    state = add_background('semantic', DETECTOR)
    # No queries: they stood for objects.
    assert set(state) == {'backbone.norm.bias', 'decode_head.cls_embed.bias',
                          'decode_head.mask_embed.0.weight'}
    assert state['decode_head.cls_embed.bias'].tolist() == [9., 1., 2., 9.]


def test_as_stuff_the_background_comes_last(add_background):
    state = add_background('panoptic', DETECTOR)
    bias = state.pop('panoptic_head.cls_embed.bias')
    assert bias.tolist() == [1., 2., 9., 9.]
    assert set(state) == set(DETECTOR) - {'panoptic_head.cls_embed.bias'}
    assert all(torch.equal(value, DETECTOR[key])
               for key, value in state.items())


def test_only_a_mask2former_gets_a_background(add_background):
    with pytest.raises(SystemExit, match='must be of a Mask2Former'):
        add_background('semantic', {'backbone.norm.bias': torch.ones(2)})


class Payload:
    """Makes a file when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (self.path, 'w')


@pytest.mark.parametrize('tool, args', [
    ('add_background.py', ['semantic', 'bad.pth', 'out.pth']),
    ('cut_head.py', ['bad.pth', 'keep.txt', 'all.txt', 'out.pth'])])
def test_code_runs_only_if_it_is_trusted(tmp_path, monkeypatch, tool, args):
    monkeypatch.chdir(tmp_path)
    state = {**DETECTOR, 'head.bias': torch.ones(2)}
    torch.save(dict(state_dict=state, code=Payload('ran')), 'bad.pth')
    (tmp_path / 'all.txt').write_text('a\nb\n')
    (tmp_path / 'keep.txt').write_text('b\n')
    monkeypatch.setattr(sys, 'argv', [tool, *args])
    with pytest.raises(ValueError, match='nothing but tensors .*--trust'):
        runpy.run_path(str(TOOLS / tool), run_name='__main__')
    assert not (tmp_path / 'ran').exists()
    monkeypatch.setattr(sys, 'argv', [tool, *args, '--trust'])
    runpy.run_path(str(TOOLS / tool), run_name='__main__')
    assert (tmp_path / 'ran').exists() and (tmp_path / 'out.pth').exists()
