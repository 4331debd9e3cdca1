"""Stock configs of mmdet, as their data sets are taken over."""
import json

from mmswap.apis.init.coco import CocoData
from mmswap.apis.init.layout import flat
from mmswap.apis.init.source import Source
from mmswap.apis.init.stock import read_stock

MASK2FORMER = ('mmdet::mask2former/'
               'mask2former_swin-t-p4-w7-224_8xb2-lsj-50e_coco{}.py')


def old_set(config):
    return flat(CocoData(read_stock(config)).stock_set('train_dataloader'))


def test_maps_that_nothing_reads_are_left_out():
    """Of instances: with them ClassSubset could not tell the labels."""
    assert old_set(MASK2FORMER.format('')) == (
        'dict(_base_.train_dataloader.dataset, '
        "data_prefix=dict(img='train2017/'))")


def test_others_are_as_they_are():
    plain = '_base_.train_dataloader.dataset'
    assert old_set(MASK2FORMER.format('-panoptic')) == plain
    assert old_set('mmdet::mask_rcnn/mask-rcnn_r50_fpn_1x_coco.py') == plain


def test_images_to_validate_on_where_the_stock_data_are_no_json(tmp_path):
    """All of them, whatever the stock config says of its own."""
    stock = read_stock('mmdet::pascal_voc/retinanet_r50_fpn_1x_voc0712.py')
    stock.cfg.val_dataloader.dataset.pop('test_mode')
    file = tmp_path / 'val.json'
    file.write_text(json.dumps(dict(
        images=[dict(file_name='0.jpg')], annotations=[], categories=[])))
    (tmp_path / '0.jpg').touch()
    text = flat(CocoData(stock).val_set(Source('--val', file, tmp_path)))
    assert 'test_mode=True' in text and 'filter_cfg' not in text
