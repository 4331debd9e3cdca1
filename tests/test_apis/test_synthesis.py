"""Images that are made out of a detector of random weights."""
import json
from pathlib import Path

import mmcv
import numpy as np
import pytest
import torch
from mmdet.models import DetDataPreprocessor
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from mmengine.hub import get_config
from mmengine.model import BaseModel
from mmengine.registry import DATASETS, MODELS, DefaultScope
from mmengine.structures import InstanceData
from torch import nn

from mmswap.apis.cli import COMMANDS, main
from mmswap.apis.commands import synthesis
from mmswap.apis.pseudo.found import Found
from mmswap.apis.synthesis import SynthesisSettings, synthesize
from mmswap.apis.synthesis.natural import BatchStatistics, roughness
from mmswap.apis.synthesis.optimization import SceneOptimizer
from mmswap.apis.synthesis.scenes import Scene, class_shares, draw_scene
from mmswap.apis.synthesis.start import draw_start
from mmswap.datasets.digits.scenes import make_digit_scenes

CONFIGS = Path(__file__).parents[2] / 'configs' / 'digits'
CONFIG = str(CONFIGS / 'yolox-nano_base.py')
OLD = ('zero', 'one', 'two', 'three', 'four', 'five', 'six', 'seven')
IMAGES = ['--images', 'data/digits/images/learn', '--ann',
          'data/digits/annotations/learn.json']


def build(cfg):
    with DefaultScope.overwrite_default_scope('mmdet'):
        torch.manual_seed(0)
        return MODELS.build(cfg.model)


def save(model, path, classes=OLD):
    torch.save(dict(state_dict=model.state_dict(), meta=dict(
        dataset_meta=dict(classes=classes))), path)


def train(cfg, steps):
    """A detector that has seen some scenes often."""
    model = build(cfg)
    with DefaultScope.overwrite_default_scope('mmdet'):
        scenes = DATASETS.build(cfg.train_dataloader.dataset)
    optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3)
    for step in range(steps):
        batch = [scenes[i] for i in range(step % 2, len(scenes), 2)]
        data = model.data_preprocessor(pseudo_collate(batch), True)
        loss, _ = model.parse_losses(model(**data, mode='loss'))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    # So few steps leave the running statistics behind.
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.momentum = None
            module.reset_running_stats()
    data = model.data_preprocessor(pseudo_collate(list(scenes)))
    with torch.no_grad():
        model(**data, mode='tensor')
    return model


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp('synthesis')
    make_digit_scenes(folder / 'data/digits', base=16, learn=4, val=4)
    cfg = Config.fromfile(CONFIG)
    cfg.train_dataloader.dataset.data_root = f'{folder}/data/digits/'
    save(train(cfg, 80), folder / 'yolox.pth')
    return folder


@pytest.fixture(autouse=True)
def workplace(folder, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / 'data').symlink_to(folder / 'data')
    (tmp_path / 'yolox.pth').symlink_to(folder / 'yolox.pth')


def run(out, *options, config=CONFIG, checkpoint='yolox.pth'):
    main(['synthesize', config, checkpoint, *IMAGES, '--out', out, *options])
    return json.loads(Path(out).read_text())


def stock_loss(content, folder):
    """The stock model's own loss on the images, with their labels."""
    cfg = Config.fromfile(CONFIG)
    with DefaultScope.overwrite_default_scope('mmdet'):
        model = MODELS.build(cfg.model).eval()
    model.load_state_dict(torch.load('yolox.pth')['state_dict'])
    from mmdet.structures import DetDataSample
    inputs, samples = [], []
    for image in content['images']:
        own = [a for a in content['annotations']
               if a['image_id'] == image['id']]
        boxes = torch.tensor([a['bbox'] for a in own]).float()
        boxes[:, 2:] += boxes[:, :2]
        sample = DetDataSample(metainfo=dict(
            img_shape=(image['height'], image['width'])))
        sample.gt_instances = InstanceData(
            bboxes=boxes, labels=torch.tensor(
                [a['category_id'] - 1 for a in own]))
        pixels = mmcv.imread(f'{folder}/{image["file_name"]}')
        inputs.append(torch.from_numpy(pixels).permute(2, 0, 1))
        samples.append(sample)
    data = model.data_preprocessor(dict(inputs=inputs, data_samples=samples))
    losses = model(**data, mode='loss')
    return float(sum(loss.sum() for loss in losses.values()))


def test_the_detector_finds_more_the_longer_it_takes(capsys):
    few = run('few.json', '--number', '3', '--steps', '4')
    many = run('many.json', '--number', '3', '--steps', '80')
    assert [c['name'] for c in few['categories']] == list(OLD)
    # The same objects, of which the scores alone differ.
    assert [(a['bbox'], a['category_id']) for a in few['annotations']] == [
        (a['bbox'], a['category_id']) for a in many['annotations']]
    assert {i['file_name'] for i in many['images']} == {
        path.name for path in Path('many').iterdir()}
    assert mmcv.imread('many/000001.png').shape == (
        many['images'][0]['height'], many['images'][0]['width'], 3)
    assert stock_loss(many, 'many') < .92 * stock_loss(few, 'few')
    assert synthesis.SYNTHESIZE is COMMANDS['synthesize']
    # The table: a line for each class that is shown, and how often.
    told = capsys.readouterr().out
    names = {c['id']: c['name'] for c in many['categories']}
    first = names[few['annotations'][0]['category_id']]
    assert any(line.split()[:1] == [first] for line in told.splitlines())
    assert '3 images: many.json' in told and 'many.jpg' in told
    assert Path('many.jpg').stat().st_size > 10000


class ColourDetector(BaseModel):
    """Sees class 0 where it is blue, 1 where it is green, 2 where red."""

    def __init__(self):
        super().__init__(DetDataPreprocessor())
        self.norm = nn.BatchNorm2d(3)
        self.norm.running_mean[:] = 110
        self.norm.running_var[:] = 60**2

    def forward(self, inputs, data_samples, mode):
        assert mode == 'loss' and self.training and not self.norm.training
        assert not any(p.requires_grad for p in self.parameters())
        wanted = torch.full_like(inputs, 80)
        for image, sample in zip(wanted, data_samples):
            shown = sample.gt_instances
            for box, label in zip(shown.bboxes.round().int(), shown.labels):
                left, top, right, bottom = box.tolist()
                image[label, top:bottom, left:right] = 220
        self.norm(inputs)
        return dict(loss_colour=(inputs - wanted).square().mean() / 60)


def test_objects_of_their_class_at_their_place():
    scenes = [
        Scene(np.array([[.1, .1, .4, .7], [.6, .2, .9, .5]]),
              np.array([0, 2])),
        Scene(np.array([[.3, .5, .8, .9]]), np.array([1])),
    ]
    model = ColourDetector().eval()
    made = SceneOptimizer(model).optimize(
        torch.full((2, 3, 96, 96), 80.), scenes, 80,
        np.random.default_rng(0))
    assert made.shape == (2, 3, 96, 96)
    assert 0 <= made.min() and made.max() <= 255
    for image, scene in zip(made, scenes):
        centres = (scene.boxes[:, :2] + scene.boxes[:, 2:]) / 2
        for (across, down), label in zip(centres * 96, scene.labels):
            there = image[:, int(down) - 4:int(down) + 4,
                          int(across) - 4:int(across) + 4].mean((1, 2))
            others = there[torch.arange(3) != label]
            assert there[label] > 150 and (others < 120).all()
        # Where there is none, as in the corners.
        assert (image[:, -6:, -6:].mean((1, 2)) < 130).all()
    # The model is as it was.
    assert not model.training
    assert all(p.requires_grad for p in model.parameters())


def test_init_takes_them_for_old_images():
    content = run('old.json', '--number', '2', '--steps', '4',
                         '--size', '96', '--sheet-images', '0')
    assert not Path('old.jpg').exists()
    assert mmcv.imread('old/000002.png').shape == (96, 96, 3)
    main(['init', CONFIG, '--checkpoint', 'yolox.pth', '--old', 'old.json',
          '--new', 'data/digits/annotations/learn.json', '--new-images',
          'data/digits/images/learn'])
    cfg = Config.fromfile('yolox-nano_base_learn.py')
    assert cfg.train_dataloader.sampler.to_dict() == dict(
        type='mmswap.SwapSampler', retain=1, target=3)
    assert cfg.model.objective.hold_weight == 2
    assert 'synthesized images of what' in Path(
        'yolox-nano_base_learn.py').read_text()
    with DefaultScope.overwrite_default_scope('mmdet'):
        branches = DATASETS.build(cfg.train_dataloader.dataset).branches
    shown = branches['retain'][0]
    assert len(shown) == len(content['images'])
    assert Path(shown[0]['data_samples'].img_path) == Path('old/000001.png')


@pytest.mark.parametrize('key, settings', [
    ('--number must be at least 1, got 0', dict(number=0)),
    ('--steps must be at least 4, got 3', dict(steps=3)),
    ('--batch-size must be at least 1', dict(batch_size=0)),
    ('--sheet-images must be at least 0', dict(sheet_images=-1)),
    ('--size must be a multiple of 32 .* got 100', dict(size=100)),
    ('--size must be .* at least 64, got 32', dict(size=32)),
])
def test_what_is_out_of_range(key, settings):
    with pytest.raises(ValueError, match=key):
        synthesize(CONFIG, 'no.pth', 'no', 'no.json', 'out.json',
                   SynthesisSettings(**settings))


def test_what_cannot_be():
    with pytest.raises(SystemExit, match='--ann must be a COCO json, got no'):
        run('out.json', '--ann', 'no.json')
    with pytest.raises(SystemExit, match='--out must be a .json, got out'):
        run('out')
    with pytest.raises(SystemExit, match="must be mmdet.* got 'mmseg'"):
        run('out.json', config=str(CONFIGS / 'fcn_r18-nano_base.py'))
    dino = CONFIGS / 'dino_swin-nano_base.py'
    save(build(Config.fromfile(dino)), 'dino.pth')
    with pytest.raises(SystemExit, match='a model with BatchNorm.* DINO'):
        run('out.json', config=str(dino), checkpoint='dino.pth')
    masks = get_config('mmdet::rtmdet/rtmdet-ins_tiny_8xb32-300e_coco.py')
    masks.model.backbone.init_cfg = None
    masks.dump('masks.py')
    save(build(masks), 'masks.pth', [f'class {i}' for i in range(80)])
    with pytest.raises(SystemExit, match='a detector of boxes, got one of ma'):
        run('out.json', config='masks.py', checkpoint='masks.pth')


def test_distance_from_the_running_statistics():
    """Of two layers, against the closed form."""
    first, second = nn.BatchNorm2d(2), nn.BatchNorm2d(2)
    first.running_mean[:] = torch.tensor([1., 3.])
    first.running_var[:] = torch.tensor([4., 9.])
    model = nn.Sequential(first, second).eval()
    statistics = BatchStatistics(model)
    pattern = torch.tensor([-1., 1.]).repeat(2, 1, 4, 2)
    images = torch.cat([5 + 2 * pattern, 3 + 3 * pattern], 1)
    with statistics.watching():
        model(images)
        distance = statistics.distance()
    # Two standard deviations off in the first channel of the first layer, and
    # so in the second layer, which is given what the first makes of it.
    assert distance.item() == pytest.approx((4 / 2 + 4 / 2) / 2, rel=1e-2)
    # A hundred times the spread: the logarithm's square, in one channel.
    with statistics.watching():
        first(torch.cat([1 + 200 * pattern, 3 + 3 * pattern], 1))
        assert statistics.distance().item() == pytest.approx(
            np.log(100)**2 / 2, rel=1e-2)
    # Nothing is watched any more.
    model(images)
    with statistics.watching(), pytest.raises(RuntimeError):
        statistics.distance()


def test_roughness():
    images = torch.zeros(1, 3, 4, 4)
    images[..., ::2] = 58
    # Each step across is one standard deviation, none down is.
    assert roughness(images).item() == pytest.approx(1)
    assert roughness(torch.ones(1, 3, 4, 4)).item() == 0


def test_they_begin_as_blurred_crops():
    rng = np.random.default_rng(0)
    # A column of blue, one of green, and so on: none is left.
    stripes = np.zeros((90, 120, 3), np.uint8)
    stripes[:, ::2, 0] = 200
    stripes[:, 1::2, 1] = 200
    mmcv.imwrite(stripes, 'stripes.png')
    start = draw_start([Path('stripes.png')], 64, rng)
    assert start.shape == (3, 64, 64)
    assert start.mean((1, 2)).tolist() == pytest.approx([100, 100, 0], abs=15)
    assert start.std((1, 2)).max() < 30 < stripes.std()
    # Crops of the whole image, and of parts of it.
    halves = np.zeros((90, 120, 3), np.uint8)
    halves[:, 60:] = 240
    mmcv.imwrite(halves, 'halves.png')
    means = torch.tensor([draw_start([Path('halves.png')], 64, rng).mean()
                          for _ in range(40)])
    assert means.min() < 60 and means.max() > 180


def test_scenes():
    rng = np.random.default_rng(0)
    shares = np.array([.7, .1, 0, .2])
    scenes = [draw_scene(rng, shares) for _ in range(400)]
    counts = np.bincount([len(s.labels) for s in scenes], minlength=5)
    assert counts[0] == 0 and (counts[1:] > 40).all()
    labels = np.bincount(np.concatenate([s.labels for s in scenes]),
                         minlength=4)
    assert labels / labels.sum() == pytest.approx(shares, abs=.05)
    for scene in scenes:
        assert (scene.boxes >= 0).all() and (scene.boxes <= 1).all()
        sides = scene.boxes[:, 2:] - scene.boxes[:, :2]
        assert (sides > .08).all()
        for i, (left, top, right, bottom) in enumerate(scene.boxes):
            for other in scene.boxes[:i]:
                width = min(right, other[2]) - max(left, other[0])
                height = min(bottom, other[3]) - max(top, other[1])
                both = max(width, 0) * max(height, 0)
                either = (sides[i].prod() - both
                          + (other[2:] - other[:2]).prod())
                assert both < .051 * either


def test_what_new_objects_are_taken_for():
    """Half of all alike, half in proportion to the scores."""
    boxes = np.array([[0, 0, 10, 10], [0, 0, 10, 9], [20, 20, 30, 30],
                      [0, 0, 10, 10]], float)
    found = Found(boxes, np.array([1, 2, 0, 3]),
                  np.array([.6, .2, .9, .01]), None, (40, 40))
    known = [boxes[:1]]
    # The third is elsewhere, and the last one scores next to nothing.
    assert class_shares([found], known, 4) == pytest.approx(
        [.125, .125 + .375, .125 + .125, .125])
    assert class_shares([found], [np.empty((0, 4))], 4) == pytest.approx(
        np.full(4, .25))
