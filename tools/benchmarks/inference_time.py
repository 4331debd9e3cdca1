"""What a swapped model costs in use, beside the model that it was made of.

The stock model with its own classes, the merged model, which has the learned
ones too, and the swap with its adapter beside the weights, as it is while it
trains. Weights are random and the same in all three; images are taken in turn
and one by one, and the ratio of each time to the stock model's is what counts.
"""
import argparse
import copy
import statistics
from typing import Any, Callable, Dict

import torch
from mmengine.config import Config
from mmengine.registry import MODELS, init_default_scope
from step_measures import timed
from step_models import MODELS as STOCK
from step_models import batches, phase_config

from mmswap.models.adapter_files import merge_adapter


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--model', choices=sorted(STOCK), required=True)
    parser.add_argument(
        '--size', type=int, default=224, help='side of the images')
    parser.add_argument('--images', type=int, default=20)
    parser.add_argument('--warmup', type=int, default=3)
    return parser.parse_args()


def build_models(cfg: Config) -> Dict[str, Any]:
    """The three models, with the same weights.

    Args:
        cfg: Config of a phase.
    """
    stock = MODELS.build(copy.deepcopy(cfg.model.model))
    stock.init_weights()
    swap, merged = (MODELS.build(copy.deepcopy(cfg.model)) for _ in range(2))
    for model in (swap, merged):
        model.load_state_dict(stock.state_dict())
    return {'stock': stock, 'merged': merge_adapter(merged), 'swap': swap}


def seconds(models: Dict[str, Any], cfg: Config, size: int, images: int,
            warmup: int) -> Dict[str, list]:
    """The seconds of each model's predictions, image by image."""
    device = 'cuda' if torch.cuda.is_available() else 'cpu'
    clocks = {name: timed(_predict(model.to(device).eval()))
              for name, model in models.items()}
    times: Dict[str, list] = {name: [] for name in clocks}
    loader = batches(cfg, size, 1)
    for number in range(warmup + images):
        batch = next(loader)
        image = {key: batch[key][:1] for key in ('inputs', 'data_samples')}
        # Whoever comes after another finds its caches.
        first = number % len(clocks)
        for name in [*clocks, *clocks][first:first + len(clocks)]:
            found = clocks[name](copy.deepcopy(image))
            if number >= warmup:
                times[name].append(found)
    return times


def _predict(model: Any) -> Callable[[Any], None]:

    def predict(image: Any) -> None:
        with torch.no_grad():
            model.test_step(image)

    return predict


def main() -> None:
    args = parse_args()
    cfg = phase_config(args.model, 'learn', args.size)
    init_default_scope(cfg.default_scope)
    times = seconds(build_models(cfg), cfg, args.size, args.images,
                    args.warmup)
    print('\n| model | median, ms | of stock |\n| --- | --- | --- |')
    for name, own in times.items():
        ratio = statistics.median(
            mine / stock for mine, stock in zip(own, times['stock']))
        print(f'| {name} | {1e3 * statistics.median(own):.1f} '
              f'| {ratio:.3f} |')


if __name__ == '__main__':
    main()
