"""Sums per class, and models at rest."""
import pytest
import torch
from mmengine.registry import MODELS

from mmswap.models.outputs.classifier_outputs import ClassifierOutputs
from mmswap.models.outputs.prototypes import PrototypeSums, classifier_outputs


def make_observed(seed, labels):
    generator = torch.Generator().manual_seed(seed)
    return ClassifierOutputs(
        torch.randn(len(labels), 6, generator=generator),
        torch.randn(len(labels), 5, generator=generator),
        torch.tensor(labels, dtype=torch.long),
        *torch.zeros(2, len(labels)))


def test_means_are_those_of_a_plain_loop():
    batches = [make_observed(0, [0, 3, 0]), make_observed(1, []),
               make_observed(2, [3, 1, 3, 3])]
    sums = PrototypeSums(4)
    for batch in batches:
        sums.add(batch)
    sums.add(make_observed(3, [0, 2]), count=False)
    means = sums.means()
    assert means['counts'].tolist() == [2, 1, 0, 4]
    for key in ('features', 'logits'):
        assert means[key].dtype == torch.float32
        for label in range(4):
            rows = [
                getattr(batch, key)[i] for batch in batches
                for i, other in enumerate(batch.labels) if other == label
            ]
            wanted = sum(rows) / len(rows) if rows else torch.zeros(
                means[key].shape[1])
            torch.testing.assert_close(means[key][label], wanted)


def test_a_batch_that_does_not_count_tells_the_sizes():
    sums = PrototypeSums(4)
    sums.add(make_observed(3, [0, 2]), count=False)
    means = sums.means()
    assert means['features'].shape == (4, 6)
    assert means['logits'].shape == (4, 5)
    assert not any(mean.any() for mean in means.values())


def test_no_batch_is_told():
    with pytest.raises(RuntimeError, match='need a batch, got none'):
        PrototypeSums(4).means()


def test_a_detector_at_rest(build_swap, detector, make_batch):
    """Nothing is drawn in the layers, and nothing of the model changes."""
    swap = build_swap(detector, 'forget').train()
    modes = {name: m.training for name, m in swap.named_modules()}
    state = {key: value.clone() for key, value in swap.state_dict().items()}
    seen = []
    for _ in range(2):
        torch.manual_seed(0)  # For the queries' noise and the sampled RoIs.
        seen.append(classifier_outputs(
            swap, make_batch(2, 1), swap.objective.plan).only_objects())
    assert torch.equal(seen[0].features, seen[1].features)
    assert not seen[0].features.requires_grad
    assert len(seen[0].labels) >= 4
    assert {name: m.training for name, m in swap.named_modules()} == modes
    assert all(torch.equal(value, state[key])
               for key, value in swap.state_dict().items())


def test_dropout_is_off_at_rest():
    from mmpretrain.structures import DataSample
    swap = MODELS.build(
        dict(
            type='mmswap.SwapModel',
            model=dict(
                type='ImageClassifier',
                _scope_='mmpretrain',
                data_preprocessor=dict(type='ClsDataPreprocessor'),
                backbone=dict(
                    type='VisionTransformer',
                    arch='deit-tiny',
                    img_size=32,
                    patch_size=16,
                    drop_rate=.3,
                    drop_path_rate=.3),
                head=dict(
                    type='VisionTransformerClsHead',
                    num_classes=3,
                    in_channels=192)),
            classes=dict(base=list('abc'), forget=['b']),
            objective=dict(type='mmswap.PrototypeObjective')))
    batch = dict(
        inputs=list(torch.randint(0, 256, (2, 3, 32, 32)).to(torch.uint8)),
        data_samples=[DataSample().set_gt_label(i) for i in (0, 2)])
    swap.train()
    seen = classifier_outputs(swap, batch, swap.objective.plan)
    assert swap.model.backbone.drop_after_pos.training
    data = swap.data_preprocessor(batch)
    swap.eval()
    torch.testing.assert_close(
        seen.features, swap.model.extract_feat(data['inputs'])[-1])
