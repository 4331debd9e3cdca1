"""What ``tools/test.py`` does to a config: painting, TTA, dumping."""
from typing import Any, Optional, Sequence

from mmengine.config import Config, ConfigDict
from mmengine.hooks import Hook
from mmengine.registry import METRICS
from mmengine.runner import Runner

from mmswap.apis.config import unwrap_pipeline_owner
from mmswap.tasks import Task
from mmswap.tasks.lookup import task_of_scope


def enable_painting(cfg: Config,
                    show: bool = False,
                    show_dir: Optional[str] = None,
                    wait_time: float = 2) -> None:
    """Let the visualization hook paint what the model predicts.

    Args:
        cfg: Changed in place.
        show: Open a window for each image.
        show_dir: Folder for the painted images.
        wait_time: Seconds that a window stays; mmdet's default.

    Raises:
        ValueError: If ``default_hooks.visualization`` is missing.
    """
    hook = (cfg.get('default_hooks') or {}).get('visualization')
    if hook is None:
        raise ValueError(
            "default_hooks.visualization must be set for --show and "
            "--show-dir, such as dict(type='DetVisualizationHook')")
    hook.update(show=show, wait_time=wait_time)
    # The libraries do not agree on how their hook is turned on.
    task = task_of_scope(cfg.get('default_scope')) or Task()
    hook[task.paint_switch] = True
    if show_dir is not None:
        task.paint_to(cfg, show_dir)


def enable_tta(cfg: Config) -> None:
    """Wrap the model and the test pipeline for test-time augmentation.

    Args:
        cfg: Changed in place.

    Raises:
        ValueError: If ``tta_model`` or ``tta_pipeline`` is missing.
    """
    for key in ('tta_model', 'tta_pipeline'):
        if cfg.get(key) is None:
            raise ValueError(f'{key} must be set in the config for --tta, '
                             'got None')
    cfg.model = ConfigDict(**cfg.tta_model, module=cfg.model)
    dataset = unwrap_pipeline_owner(cfg.test_dataloader.dataset)
    dataset.pipeline = cfg.tta_pipeline


class DumpHook(Hook):
    """Writes the predictions of a test run to a pickle file.

    A hook and not one more metric of the evaluator, so that it is the same
    whatever evaluator the config has.

    Args:
        path: File to write; must end in ``.pkl`` or ``.pickle``.
        scope: The config's ``default_scope``, whose own metric writes.

    Raises:
        ValueError: If ``path`` ends otherwise.
    """

    def __init__(self, path: str, scope: Optional[str] = None) -> None:
        kind = (task_of_scope(scope) or Task()).dump_metric
        self.metric = METRICS.build(
            dict(type=kind, out_file_path=str(path), _scope_=scope))

    def after_test_iter(self,
                        runner: Runner,
                        batch_idx: int,
                        data_batch: Any = None,
                        outputs: Optional[Sequence] = None) -> None:
        """Keep the predictions of a batch."""
        del runner, batch_idx
        samples = [sample.to_dict() for sample in outputs or ()]
        self.metric.process(data_batch, samples)

    def after_test_epoch(self, runner: Runner, metrics: Any = None) -> None:
        """Gather them from all processes and write the file."""
        del metrics
        self.metric.evaluate(len(runner.test_dataloader.dataset))
