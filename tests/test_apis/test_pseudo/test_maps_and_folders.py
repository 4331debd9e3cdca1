"""Maps and folders of pseudo-labels, by a predictor that knows its answer."""
from pathlib import Path
from types import SimpleNamespace

import mmcv
import numpy as np
import pytest
import torch
from mmengine.config import Config

from mmswap.apis.pseudo import PseudoSettings, pseudo_label
from mmswap.apis.pseudo.base import Base
from mmswap.apis.pseudo.folders import label_folders
from mmswap.apis.pseudo.maps import JudgedPixels, label_maps, labels_of

NAMES = ('ground', 'cat', 'dog')
SIZE = (2, 4)
# Labels and their probabilities; the last is not certain.
LABELS = np.array([[0, 1, 1, 2], [2, 2, 0, 1]])
PROBABILITIES = np.full(SIZE, .8)
PROBABILITIES[1, 3] = .4


class Oracle:
    """Predicts what it is told, whatever it is shown."""

    has_queries = False

    def __init__(self, samples):
        self.samples = samples

    def predict(self, paths):
        return iter([self.samples[Path(p).stem] for p in paths])


def pixels(labels=LABELS, probabilities=PROBABILITIES):
    """A data sample whose softmax is as told."""
    shares = np.repeat((1 - probabilities)[None] / 2, 3, 0)
    np.put_along_axis(shares, labels[None], probabilities[None], 0)
    return SimpleNamespace(seg_logits=SimpleNamespace(
        data=torch.from_numpy(shares).log()))


@pytest.fixture
def scene(tmp_path):
    """A base model that sees one image, and the folder of it."""
    (tmp_path / 'images').mkdir()
    mmcv.imwrite(np.zeros((*SIZE, 3), np.uint8),
                 str(tmp_path / 'images/a.jpg'))
    labelled = SimpleNamespace(img_suffix='.jpg', seg_map_suffix='.png',
                               reduce_zero_label=False)
    return Base(Config(), Oracle(dict(a=pixels())), labelled, NAMES), tmp_path


def written(out):
    return mmcv.imread(str(out / 'a.png'), flag='unchanged')


def test_maps_of_unlabelled_images(scene):
    base, folder = scene
    labels = label_maps(base, folder / 'images', folder / 'out', None,
                        PseudoSettings(score=.5))
    assert written(labels.out).tolist() == [[0, 1, 1, 2], [2, 2, 0, 255]]
    assert labels.certain == dict(ground=2, cat=2, dog=3)
    assert labels.uncertain == dict(cat=1)


@pytest.mark.parametrize('unlabelled, wanted', [
    ((), [[3, 0, 1, 2], [2, 2, 0, 0]]),
    # The cat is no ground, and where nothing is certain it stays ground.
    (('ground', ), [[3, 1, 1, 2], [2, 2, 0, 0]]),
])
def test_what_a_person_labelled_stays(scene, unlabelled, wanted):
    """A new class, 3, a cat that is called ground, and pixels of none."""
    base, folder = scene
    mmcv.imwrite(np.array([[3, 0, 255, 255], [255, 255, 255, 0]], np.uint8),
                 str(folder / 'maps/a.png'))
    labels = label_maps(base, folder / 'images', folder / 'out',
                        folder / 'maps',
                        PseudoSettings(score=.5, unlabelled=unlabelled))
    assert written(labels.out).tolist() == wanted


def test_zero_is_no_label_where_it_is_reduced(scene):
    base, folder = scene
    base.labelled.reduce_zero_label = True
    mmcv.imwrite(np.array([[4, 0, 0, 0], [0, 0, 0, 0]], np.uint8),
                 str(folder / 'maps/a.png'))
    labels = label_maps(base, folder / 'images', folder / 'out',
                        folder / 'maps', PseudoSettings(score=.5))
    assert written(labels.out).tolist() == [[4, 2, 2, 3], [3, 3, 1, 255]]


def test_images_that_show_a_class(scene):
    base, folder = scene
    settings = PseudoSettings(score=.5, showing=('dog', ))
    assert label_maps(base, folder / 'images', folder / 'out', None,
                      settings).images == 1
    with pytest.raises(ValueError, match='--images'):
        label_maps(base, folder / 'images', folder / 'out', None,
                   settings._replace(score=.9))


def test_queries_give_shares_and_pixels_logits():
    sums = torch.tensor([[[.2]], [[.6]], [[0.]]])
    sample = SimpleNamespace(seg_logits=SimpleNamespace(data=sums))
    label, share = labels_of(sample, has_queries=True)
    assert label.item() == 1 and share.item() == pytest.approx(.75)
    label, share = labels_of(sample, has_queries=False)
    assert share.item() == pytest.approx(sums.softmax(0)[1].item())


def test_the_best_probability_of_pixels_by_trying_all():
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 3, 4000)
    probabilities = rng.random(4000)
    labels = np.where(rng.random(4000) < probabilities, truth,
                      rng.integers(0, 3, 4000))
    truth[:100] = 255
    judged = JudgedPixels(3)
    for part in np.split(np.arange(4000), 4):
        judged.add(labels[part], probabilities[part], truth[part])
    thresholds = judged.thresholds()
    labels, probabilities, truth = (
        a[100:] for a in (labels, probabilities, truth))
    for label, chosen in enumerate(thresholds.scores):
        scores = {}
        for score in np.arange(100) / 100:
            shown = (labels == label) & (probabilities >= score)
            hits = (shown & (truth == label)).sum()
            scores[round(score, 2)] = 2 * hits / (
                shown.sum() + (truth == label).sum())
        assert scores[round(chosen, 2)] == pytest.approx(
            max(scores.values()), abs=2e-3)


def test_folders_of_images(tmp_path):
    images = tmp_path / 'images/deeper'
    images.mkdir(parents=True)
    scores = dict(a=[.9, .05, .05], b=[.1, .5, .4], c=[.1, .1, .8])
    for name in scores:
        mmcv.imwrite(np.zeros((4, 4, 3), np.uint8),
                     str(images / f'{name}.jpg'))
    oracle = Oracle({name: SimpleNamespace(pred_score=torch.tensor(value))
                     for name, value in scores.items()})
    base = Base(Config(), oracle, None, NAMES)
    settings = PseudoSettings(score=.6)
    labels = label_folders(base, tmp_path / 'images', tmp_path / 'out', None,
                           settings)
    found = sorted(p.relative_to(tmp_path / 'out').as_posix()
                   for p in (tmp_path / 'out').rglob('*.jpg'))
    assert found == ['dog/deeper/c.jpg', 'ground/deeper/a.jpg']
    assert all(p.is_file() for p in (tmp_path / 'out').rglob('*.jpg'))
    assert labels.certain == dict(ground=1, dog=1)
    assert labels.uncertain == dict(cat=1)
    label_folders(base, tmp_path / 'images', tmp_path / 'dogs', None,
                  settings._replace(showing=('dog', )))
    assert [p.name for p in (tmp_path / 'dogs').iterdir()] == ['dog']
    with pytest.raises(ValueError, match='--ann'):
        label_folders(base, tmp_path, tmp_path, tmp_path, settings)


@pytest.mark.parametrize('name, images', [
    ('fcn_r18-nano', 'data/digits/images/learn'),
    ('vit-nano', 'data/digits/single/learn'),
])
def test_real_models_with_random_weights(name, images, tmp_path, monkeypatch):
    """Their pipelines, samples and thresholds fit together."""
    monkeypatch.syspath_prepend(
        str(Path(__file__).parents[1] / 'test_init'))
    from init_bases import checkpoint, config

    from mmswap.datasets.digits.scenes import make_digit_scenes
    monkeypatch.chdir(tmp_path)
    make_digit_scenes(Path('data/digits'), base=2, learn=3, val=4)
    weights = checkpoint(tmp_path, name, None)
    labels = pseudo_label(config(name), weights, images, 'out',
                          settings=PseudoSettings(score=1e-3))
    assert labels.images == 3
    assert sum(labels.certain.values()) >= 3
    chosen = pseudo_label(config(name), weights, images, 'chosen',
                          settings=PseudoSettings(showing=())) if (
        name == 'fcn_r18-nano') else labels
    assert chosen.thresholds.scores.shape == (len(labels.classes), )
