"""A step's losses, against the stock model's combined by hand.

The stock model is mmdet's own class built from the grown config, with the
same weights.
"""
import pytest
import torch

NEW = (8, 9)


@pytest.fixture
def stock_twin(build_stock):
    """SwapModel -> stock K+N model with the same weights, in training mode.

    Which weights are frozen is copied too: see ``build_base``.
    """

    def build(swap):
        stock = build_stock(swap.inner_cfg)
        stock.load_state_dict({
            key.replace('.base_layer.', '.'): value
            for key, value in swap.model.state_dict().items()
            if '.lora_' not in key
        })
        flags = {
            key.replace('.base_layer.', '.'): param.requires_grad
            for key, param in swap.model.named_parameters()
        }
        for key, param in stock.named_parameters():
            param.requires_grad_(flags[key])
        return stock.train()

    return build


def losses_by_hand(stock, batch):
    """Sum of all that mmdet's model calls a loss."""
    data = stock.data_preprocessor(batch, True)
    losses = stock(**data, mode='loss')
    total = torch.tensor(0.)
    for key, value in losses.items():
        if 'loss' in key:
            values = value if isinstance(value, list) else [value]
            total = total + sum(v.mean() for v in values)
    return total


def swap_losses(swap, branches):
    data = swap.data_preprocessor(branches, True)
    return swap.train()(**data, mode='loss')


def test_learn_step(build_swap, stock_twin, detector, make_batch):
    swap = build_swap(detector)
    stock = stock_twin(swap)

    def batches():
        return dict(
            retain=make_batch(2, 1), learn=make_batch(1, 2, (3, 8, 9)))

    torch.manual_seed(1)
    losses = swap_losses(swap, batches())
    torch.manual_seed(1)  # The models draw samples, in the same order.
    retain = losses_by_hand(stock, batches()['retain'])
    learn = losses_by_hand(stock, batches()['learn'])
    assert retain > 0 and learn > 0 and retain != learn
    torch.testing.assert_close(losses['retain_total'], retain.detach())
    torch.testing.assert_close(losses['learn_total'], learn.detach())
    total, logged = swap.parse_losses(losses)
    torch.testing.assert_close(total, 1. * retain + .9 * learn)
    assert set(logged) == {
        'loss', 'retain_loss', 'learn_loss', 'retain_total', 'learn_total'
    }


@pytest.mark.parametrize('bound', [1e-3, 1e3])
def test_forget_step(build_swap, stock_twin, detector, make_batch, bound):
    swap = build_swap(
        detector,
        'forget',
        objective=dict(
            type='mmswap.ForgetObjective',
            bound=bound,
            weight=.3,
            retain_weight=2.))
    stock = stock_twin(swap)

    def batches():
        return dict(retain=make_batch(1, 3), forget=make_batch(1, 4))

    torch.manual_seed(2)
    total, _ = swap.parse_losses(swap_losses(swap, batches()))
    torch.manual_seed(2)
    retain = losses_by_hand(stock, batches()['retain'])
    forget = losses_by_hand(stock, batches()['forget'])
    wanted = 2. * retain + (.3 * (bound - forget) if bound > forget else 0.)
    torch.testing.assert_close(total, wanted)


def test_gradients_are_the_stock_models(build_swap, stock_twin, detector,
                                        make_batch):
    """The new rows' gradient is the stock model's, the old rows' is zero."""
    swap = build_swap(detector)
    stock = stock_twin(swap)
    torch.manual_seed(1)
    data = dict(retain=make_batch(1, 1), learn=make_batch(1, 2, NEW))
    swap.parse_losses(swap_losses(swap, data))[0].backward()
    torch.manual_seed(1)
    total = losses_by_hand(stock, make_batch(1, 1))
    total = total + .9 * losses_by_hand(stock, make_batch(1, 2, NEW))
    total.backward()
    wanted = {key: p.grad for key, p in stock.named_parameters()}
    assert swap.class_rows
    for key, (param, rows) in swap.class_params().items():
        torch.testing.assert_close(
            rows.select(param.grad), rows.select(wanted[key]))
        assert rows.select(param.grad).any()
        assert not rows.shrink(param.grad).any()
        assert rows.shrink(wanted[key]).any()


def test_every_trained_parameter_gets_a_gradient(build_swap, detector,
                                                 make_batch):
    """What DDP with find_unused_parameters=False needs, even without any
    object of a new class in the step."""
    swap = build_swap(detector)
    data = dict(retain=make_batch(1, 1), learn=make_batch(1, 2))
    swap.parse_losses(swap_losses(swap, data))[0].backward()
    trained = {k: p for k, p in swap.named_parameters() if p.requires_grad}
    assert len(trained) > 20
    assert not [key for key, param in trained.items() if param.grad is None]
    frozen = [p for p in swap.parameters() if not p.requires_grad]
    assert all(param.grad is None for param in frozen)


def test_losses_of_auxiliary_outputs_can_be_left_out(build_swap, stock_twin,
                                                     make_batch, read_config):
    """Those of Mask2Former's last decoder layer have names without a dot."""
    objective = dict(
        type='mmswap.ForgetObjective', bound=1e3, aux_losses=False)
    swap = build_swap('mask2former', 'forget', objective=objective)
    stock = stock_twin(swap)
    batches = dict(retain=make_batch(2, 1), forget=make_batch(1, 2, (3, 5)))
    torch.manual_seed(7)
    terms = swap_losses(swap, batches)
    torch.manual_seed(7)
    for name, batch in dict(
            retain=make_batch(2, 1), forget=make_batch(1, 2, (3, 5))).items():
        data = stock.data_preprocessor(batch, True)
        losses = stock(**data, mode='loss')
        wanted = sum(losses[key] for key in ('loss_cls', 'loss_mask',
                                             'loss_dice'))
        torch.testing.assert_close(
            terms[f'{name}_total'], wanted.detach().sum())
        assert len(losses) > 3
