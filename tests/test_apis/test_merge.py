"""Merging a phase checkpoint, from end to end."""
import pytest
import torch
from mmengine.config import Config

from mmswap.apis import merge_checkpoint


def test_a_config_that_is_no_phase(tmp_path):
    (tmp_path / 'stock.py').write_text("model = dict(type='FasterRCNN')")
    with pytest.raises(ValueError, match="model.type must be 'mmswap.Swap"):
        merge_checkpoint(tmp_path / 'stock.py', 'a.pth', tmp_path / 'b.pth')
    with pytest.raises(ValueError, match='OUT must be the path of a check'):
        merge_checkpoint(tmp_path / 'stock.py', 'a.pth', tmp_path / 'b.py')


@pytest.fixture
def merged(tmp_path, build_swap, randomise_adapter, read_config):
    """(phase model, its merged checkpoint, the stock config beside it)."""
    model = randomise_adapter(build_swap('mask_rcnn'))
    torch.save(dict(state_dict=model.state_dict()), tmp_path / 'phase.pth')
    read_config('mask_rcnn', 'learn').dump(str(tmp_path / 'phase.py'))
    paths = merge_checkpoint(tmp_path / 'phase.py', tmp_path / 'phase.pth',
                             tmp_path / 'sub' / 'merged.pth')
    return (model, *paths)


def test_the_stock_model_predicts_what_the_phase_did(merged, build_stock,
                                                     predict):
    model, checkpoint, config = merged
    text = config.read_text()
    assert 'mmswap' not in text
    stock = build_stock(Config.fromfile(config).model)
    saved = torch.load(checkpoint, weights_only=True)
    stock.load_state_dict(saved['state_dict'], strict=True)
    classes = saved['meta']['dataset_meta']['classes']
    assert tuple(classes) == model.class_table.names
    got, wanted = predict(stock), predict(model.model)
    assert list(got) == list(wanted)
    for key in wanted:
        torch.testing.assert_close(
            got[key], wanted[key], rtol=1e-3, atol=1e-3, msg=key)
