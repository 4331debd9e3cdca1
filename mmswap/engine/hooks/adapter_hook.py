"""Writes the adapter when a phase is over."""
from pathlib import Path
from typing import Optional

from mmengine.dist import master_only
from mmengine.hooks import Hook
from mmengine.runner import Runner

from mmswap.engine.averaging import averaged_model_of
from mmswap.engine.unwrap import swap_model_of
from mmswap.models.adapter_files import save_adapter
from mmswap.registry import HOOKS


@HOOKS.register_module()
class AdapterHook(Hook):
    """Saves the adapter after training, where there is one.

    With mmengine's ``EMAHook`` that is the averaged one, as in the
    checkpoints.

    Args:
        out_dir: Folder to write to; ``<work_dir>/adapter`` by default.
    """

    priority = 'VERY_LOW'

    def __init__(self, out_dir: Optional[str] = None) -> None:
        self.out_dir = out_dir

    @master_only
    def after_train(self, runner: Runner) -> None:
        """Write ``adapter_config.json`` and the rest."""
        model = averaged_model_of(runner) or swap_model_of(runner)
        if model.adapter_name is None:
            runner.logger.info('mmswap: no adapter to save, as model.trains='
                               f'{model.trains!r}')
            return
        folder = Path(self.out_dir or Path(runner.work_dir) / 'adapter')
        save_adapter(model, folder, model.adapter_name)
        runner.logger.info(f'mmswap: adapter saved to {folder}')
