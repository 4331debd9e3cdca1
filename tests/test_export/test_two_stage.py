"""Mask R-CNN in three files finds what it does in one piece."""
import copy

import numpy as np
import pytest
import torch

from mmswap.export import OnnxModel
from mmswap.export.graph import compare
from mmswap.export.int8 import write_int8
from mmswap.export.kinds import kind_of
from mmswap.export.outputs import FlatOutputs
from mmswap.export.runtime import OnnxFile
from mmswap.export.two_stage import TwoStageDetector


def test_mask_rcnn_is_three_files(export):
    *_, path = export('mask_rcnn')
    files = {each.name: OnnxFile(each) for each in path.parent.glob('*.onnx')}
    outputs = {name: [key for key, _ in file.metadata['outputs']]
               for name, file in files.items()}
    assert outputs == {
        'mask_rcnn.onnx': ['features', 'rpn_cls_scores', 'rpn_bbox_preds'],
        'mask_rcnn_bbox.onnx': ['cls_score', 'bbox_pred'],
        'mask_rcnn_mask.onnx': ['mask_preds']}
    channels = files['mask_rcnn.onnx'].run(np.zeros((1, 3, 64, 64),
                                                    np.float32))[0][0].shape[1]
    for count in (1, 7):
        scores, _ = files['mask_rcnn_bbox.onnx'].run(
            np.zeros((count, channels, 7, 7), np.float32))
        assert scores.shape == (count, 9)


@pytest.mark.slow
def test_boxes_and_masks_are_those_of_torch(export, batch):
    model, cfg, names, path = export('mask_rcnn')
    assert isinstance(kind_of(model), TwoStageDetector)
    data = batch('mmdet')
    table = names[::-1]
    onnx = OnnxModel(str(path), cfg, table)
    wanted = model.test_step(copy.deepcopy(data))
    got = onnx.test_step(copy.deepcopy(data))
    labels = torch.tensor([table.index(name) for name in names])
    for ours, theirs in zip(got, wanted):
        ours, theirs = ours.pred_instances, theirs.pred_instances
        assert len(theirs.labels.unique()) > 1 and theirs.masks.any()
        assert torch.equal(ours.labels, labels[theirs.labels])
        for key in ('scores', 'bboxes'):
            torch.testing.assert_close(ours[key], theirs[key], rtol=1e-3,
                                       atol=1e-3)
        assert (ours.masks != theirs.masks).float().mean() < 1e-3
    # Heads are given no features at all where nothing is found.
    cfg.test_cfg.rcnn.score_thr = 1.1
    found = OnnxModel(str(path), cfg).test_step(data)
    assert [len(sample.pred_instances.masks) for sample in found] == [0, 0]


@pytest.mark.slow
def test_each_part_is_rounded(export, tmp_path):
    model, *_, path = export('mask_rcnn')
    image = torch.randn(1, 3, 64, 64)
    for part in kind_of(model).parts(model, image)[1:]:
        out = write_int8(
            path.with_name(f'mask_rcnn_{part.suffix}.onnx'),
            tmp_path / f'{part.suffix}.onnx', 'static', [part.example.numpy()])
        worst = max(compare(FlatOutputs(part.module), OnnxFile(out),
                            part.example).values())
        assert 1e-5 < worst < .2
