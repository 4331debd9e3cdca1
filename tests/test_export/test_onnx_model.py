"""An ONNX file predicts what the stock model does."""
import copy

import pytest
import torch
from mmengine.registry import MODELS

from mmswap.export import OnnxModel

SCOPE = dict(yolox='mmdet', rtmdet_ins='mmdet', fcn='mmseg', vit='mmpretrain')


def found_in(sample):
    """What is predicted, by name."""
    if 'pred_instances' in sample:
        kept = ('labels', 'scores', 'bboxes', 'masks')
        return {key: value for key, value in sample.pred_instances.items()
                if key in kept}
    if 'pred_sem_seg' in sample:
        return dict(map=sample.pred_sem_seg.data)
    return dict(score=sample.pred_score, label=sample.pred_label)


@pytest.mark.parametrize('name', SCOPE)
def test_it_predicts_what_torch_does(name, export, batch):
    model, cfg, names, path = export(name)
    onnx = MODELS.build(dict(
        type='mmswap.OnnxModel', file=str(path), model=cfg, names=names))
    data = batch(SCOPE[name])
    wanted = model.test_step(copy.deepcopy(data))
    got = onnx.test_step(copy.deepcopy(data))
    assert len(got) == 2
    for ours, theirs in zip(map(found_in, got), map(found_in, wanted)):
        assert list(ours) == list(theirs)
        for key, value in theirs.items():
            assert value.numel()
            torch.testing.assert_close(ours[key].float(), value.float(),
                                       rtol=1e-3, atol=1e-3)
    assert not list(onnx.parameters())


@pytest.mark.parametrize('name', ['yolox', 'fcn', 'vit'])
def test_labels_go_by_name(name, export, batch):
    """Into a table with more classes, in another order."""
    _, cfg, names, path = export(name)
    table = ['new', *names[::-1]]
    data = batch(SCOPE[name])
    plain = OnnxModel(str(path), cfg).test_step(copy.deepcopy(data))
    other = OnnxModel(str(path), cfg, table).test_step(copy.deepcopy(data))
    labels = torch.tensor([table.index(each) for each in names])
    for ours, theirs in zip(map(found_in, other), map(found_in, plain)):
        if name == 'vit':
            assert len(ours['score']) == len(table) and not ours['score'][0]
            assert torch.equal(ours['score'][labels], theirs['score'])
            assert torch.equal(ours['label'], labels[theirs['label']])
        else:
            key = 'map' if name == 'fcn' else 'labels'
            assert len(theirs[key].unique()) > 1
            assert torch.equal(ours[key], labels[theirs[key]])


def test_a_file_of_other_classes_is_refused(export):
    _, cfg, names, path = export('yolox')
    with pytest.raises(ValueError, match='must name its classes'):
        OnnxModel(str(path), cfg, names[:-1])


@pytest.mark.parametrize('name', ['yolox', 'fcn'])
def test_smaller_images_are_padded(name, export, batch):
    """As data preprocessors pad: the map of an image keeps its size."""
    model, cfg, _, path = export(name)
    data = batch(SCOPE[name], 1, (64, 48))
    got, = OnnxModel(str(path), cfg).test_step(copy.deepcopy(data))
    if name == 'fcn':
        assert found_in(got)['map'].shape[-2:] == (64, 48)
        return
    padded = torch.full((3, 64, 64), model.data_preprocessor.pad_value)
    padded[..., :48] = data['inputs'][0]
    data['inputs'] = [padded.float()]
    wanted, = model.test_step(data)
    for key, value in found_in(wanted).items():
        torch.testing.assert_close(found_in(got)[key], value, msg=key)


@pytest.mark.parametrize('name, size', [
    ('yolox', (64, 96)), ('vit', (48, 64)), ('vit', (96, 64))])
def test_images_that_do_not_fit_are_refused(name, size, export, batch):
    _, cfg, _, path = export(name)
    with pytest.raises(ValueError, match='--size'):
        OnnxModel(str(path), cfg).test_step(batch(SCOPE[name], 1, size))


def test_it_cannot_be_trained_and_does_not_slide(export, batch):
    _, cfg, _, path = export('fcn')
    data = batch('mmseg', 1)
    with pytest.raises(ValueError, match='mode'):
        OnnxModel(str(path), cfg)(data['inputs'], mode='loss')
    cfg.test_cfg = dict(mode='slide', crop_size=(64, 64), stride=(32, 32))
    with pytest.raises(ValueError, match='model.test_cfg.mode'):
        OnnxModel(str(path), cfg).test_step(data)
