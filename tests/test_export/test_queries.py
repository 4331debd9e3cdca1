"""DETR and its kin as ONNX files."""
import copy

import pytest
import torch
from mmdet.models import DINO

from mmswap.export import OnnxModel
from mmswap.export.kinds import kind_of
from mmswap.export.queries import QueryDetector
from mmswap.export.runtime import OnnxFile

# Of 64 pixels the last of four levels would be a single place, of which
# onnxruntime reads something else than torch; such a file is not written.
SIDE = 128


def rows(found):
    """Boxes and scores by class, each sorted: many are nearly alike."""
    return {label: (found.bboxes[found.labels == label].sort(0).values,
                    found.scores[found.labels == label].sort().values)
            for label in found.labels.unique().tolist()}


def check(export, batch, name):
    """What is predicted, with labels by name, is what torch predicts.

    Returns the model's config and its file.
    """
    model, cfg, names, path = export(name, SIDE)
    assert isinstance(kind_of(model), QueryDetector)
    assert [key for key, _ in OnnxFile(path).metadata['outputs']] == [
        'cls_scores', 'bbox_preds']
    table = ['new', *names[::-1]]
    data = batch('mmdet', size=(SIDE, SIDE))
    wanted = model.test_step(copy.deepcopy(data))
    got = OnnxModel(str(path), cfg, table).test_step(copy.deepcopy(data))
    for ours, theirs in zip(got, wanted):
        ours, theirs = (rows(each.pred_instances) for each in (ours, theirs))
        assert theirs
        assert set(ours) == {table.index(names[label]) for label in theirs}
        for label, values in theirs.items():
            for mine, value in zip(ours[table.index(names[label])], values):
                torch.testing.assert_close(mine, value, rtol=1e-3, atol=1e-3)
    return cfg, path


@pytest.mark.slow
def test_dino(export, batch):
    cfg, path = check(export, batch, 'dino')
    # The stock model masks what was padded, the file cannot.
    model = OnnxModel(str(path), cfg)
    with pytest.raises(ValueError, match='--size'):
        model.test_step(batch('mmdet', 1, (SIDE, 2 * SIDE)))
    # Padded in a batch, before the file is asked.
    sample, = batch('mmdet', 1, (SIDE, SIDE - 32))['data_samples']
    with pytest.raises(ValueError, match='test_dataloader.dataset.pipeline'):
        model(torch.zeros(1, 3, SIDE, SIDE), [sample], mode='predict')


@pytest.mark.slow
@pytest.mark.parametrize('name', ['detr', 'conditional_detr', 'dab_detr',
                                  'deformable_detr'])
def test_its_kin(name, export, batch):
    check(export, batch, name)


def test_what_does_more_is_not_taken_for_it(build):
    class Texts(DINO):
        """As GroundingDINO, whose graph would need the texts."""

    model, *_ = build('dino')
    model.__class__ = Texts
    with pytest.raises(TypeError, match='model.type .* got Texts'):
        kind_of(model)
