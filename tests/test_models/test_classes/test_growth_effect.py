"""What the new rows change at the start beyond the base classes' logits.

Measured, and held against bounds that follow from a new class's logit being
the mean of the base classes' logits: by convexity N such classes take at
most N / K of the mass of the base classes in a softmax, and none of them can
be the best of its proposal.
"""
import pytest
import torch

K, N = 8, 2


@pytest.mark.parametrize('name, layer', [
    ('mask_rcnn', 'roi_head.bbox_head.fc_cls'),
    ('mask2former', 'panoptic_head.cls_embed'),
])
@torch.no_grad()
def test_softmax_mass_of_new_classes(build_swap, build_base, name, layer):
    old = build_base(name).get_submodule(layer)
    new = build_swap(name).model.get_submodule(layer)
    # Confident logits, as a trained model's.
    features = 20 * torch.randn(
        500, old.in_features, generator=torch.Generator().manual_seed(0))
    before, after = old(features).softmax(-1), new(features).softmax(-1)
    taken = after[:, K:K + N].sum(-1)
    assert (taken <= N / K * after[:, :K].sum(-1) + 1e-6).all()
    lost = before[:, :K] - after[:, :K]
    # All that a base class loses, it loses by the common factor.
    torch.testing.assert_close(
        lost, before[:, :K] * taken[:, None], atol=1e-6, rtol=1e-4)
    same = before[:, :K].argmax(-1) == torch.cat(
        (after[:, :K], after[:, K:K + N]), -1).argmax(-1)
    print(f'\n{name}: softmax mass taken by {N} new classes: mean '
          f'{taken.mean():.4f}, most {taken.max():.4f}')
    assert same.all()
    assert taken.mean() < .1


@torch.no_grad()
def test_query_choice_of_the_two_stage_detr(build_swap, build_base,
                                            make_batch):

    def proposals(model):
        plain = getattr(model, 'model', model).eval()
        data = model.data_preprocessor(make_batch(2), False)
        samples = data['data_samples']
        feats = plain.extract_feat(data['inputs'])
        encoder, decoder = plain.pre_transformer(feats, samples)
        memory = plain.forward_encoder(**encoder)
        memory, anchors = plain.gen_encoder_output_proposals(
            memory['memory'], memory['memory_mask'],
            memory['spatial_shapes'])
        last = plain.bbox_head.cls_branches[plain.decoder.num_layers]
        scores = last(memory)
        top = scores.max(-1)[0].topk(plain.num_queries, dim=1)[1]
        return scores, [set(row.tolist()) for row in top]

    base_scores, base_top = proposals(build_base('dino'))
    swap_scores, swap_top = proposals(build_swap('dino'))
    assert torch.equal(swap_scores[..., :K], base_scores)
    overlap = [len(a & b) / len(a) for a, b in zip(base_top, swap_top)]
    print(f'\ndino: queries that both choose: {overlap}')
    assert min(overlap) == 1.
    assert len(base_top[0]) < base_scores.shape[1]


@torch.no_grad()
def test_masks_of_mask2former_do_not_change(build_swap, build_base, predict):
    """Only the class branch knows of classes."""
    base = predict(build_base('mask2former'))
    swap = predict(build_swap('mask2former'))
    layers = len([key for key in base if key.startswith('raw.1.')])
    assert layers == 4
    for i in range(layers):
        assert torch.equal(base[f'raw.1.{i}'], swap[f'raw.1.{i}'])
        logits = swap[f'raw.0.{i}']
        keep = [*range(K), K + N]
        torch.testing.assert_close(logits[..., keep], base[f'raw.0.{i}'])
