"""A file is kept where it says what torch says."""
import pytest
import torch

from mmswap.export import graph
from mmswap.export.runtime import OnnxFile


def test_outputs_have_the_names_of_the_head(export):
    *_, names, path = export('rtmdet_ins')
    assert OnnxFile(path).metadata == dict(
        outputs=[['cls_scores', 3], ['bbox_preds', 3], ['kernel_preds', 3],
                 ['mask_feat', None]], classes=names, parts=[''])
    import onnxruntime
    session = onnxruntime.InferenceSession(str(path))
    assert [each.name for each in session.get_outputs()][2:5] == [
        'cls_scores_2', 'bbox_preds_0', 'bbox_preds_1']
    assert [each.name for each in session.get_inputs()] == ['image']


def test_a_file_that_says_something_else_is_not_kept(build, tmp_path,
                                                     monkeypatch):
    """As where an exporter does not understand a model."""
    model, *_ = build('vit')
    run = graph._run_exporter

    def wrong(raw, *args):
        run(raw, *args)
        model.head.layers.head.bias.add_(1.)

    monkeypatch.setattr(graph, '_run_exporter', wrong)
    out = tmp_path / 'wrong.onnx'
    with pytest.raises(ValueError, match='logits differs by'):
        graph.write_graphs(model, out, torch.randn(1, 3, 64, 64), {})
    assert not list(tmp_path.iterdir())


def test_what_is_no_number_is_farthest():
    found = dict(a=.1, b=float('nan'), c=.3)
    assert graph.worst_difference(found) == ('b', float('inf'))
    assert graph.worst_difference(dict(a=.1, c=.3)) == ('c', .3)


def test_what_is_of_no_kind_is_refused(build_base, tmp_path):
    for name in ('onnx', 'onnxruntime'):
        pytest.importorskip(name)
    with pytest.raises(TypeError, match='model.type .* got Mask2Former'):
        graph.write_graphs(build_base('mask2former'), tmp_path / 'a.onnx',
                           torch.randn(1, 3, 64, 64), {})
