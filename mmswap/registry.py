"""mmswap's registries: children of mmengine's, in the scope ``mmswap``.

A config says ``type='mmswap.SwapModel'``; ``locations`` makes that import the
module that defines it.
"""
from mmengine.registry import DATA_SAMPLERS as MMENGINE_DATA_SAMPLERS
from mmengine.registry import DATASETS as MMENGINE_DATASETS
from mmengine.registry import EVALUATOR as MMENGINE_EVALUATOR
from mmengine.registry import FUNCTIONS as MMENGINE_FUNCTIONS
from mmengine.registry import HOOKS as MMENGINE_HOOKS
from mmengine.registry import METRICS as MMENGINE_METRICS
from mmengine.registry import MODELS as MMENGINE_MODELS
from mmengine.registry import (
    OPTIM_WRAPPER_CONSTRUCTORS as MMENGINE_OPTIM_WRAPPER_CONSTRUCTORS,
)
from mmengine.registry import OPTIM_WRAPPERS as MMENGINE_OPTIM_WRAPPERS
from mmengine.registry import TRANSFORMS as MMENGINE_TRANSFORMS
from mmengine.registry import Registry

MODELS = Registry(
    'model',
    parent=MMENGINE_MODELS,
    scope='mmswap',
    locations=['mmswap.models', 'mmswap.export'])
DATASETS = Registry(
    'dataset',
    parent=MMENGINE_DATASETS,
    scope='mmswap',
    locations=['mmswap.datasets'])
TRANSFORMS = Registry(
    'transform',
    parent=MMENGINE_TRANSFORMS,
    scope='mmswap',
    locations=['mmswap.datasets', 'mmswap.tasks'])
DATA_SAMPLERS = Registry(
    'data sampler',
    parent=MMENGINE_DATA_SAMPLERS,
    scope='mmswap',
    locations=['mmswap.datasets'])
FUNCTIONS = Registry(
    'function',
    parent=MMENGINE_FUNCTIONS,
    scope='mmswap',
    locations=['mmswap.datasets'])
HOOKS = Registry(
    'hook',
    parent=MMENGINE_HOOKS,
    scope='mmswap',
    locations=['mmswap.engine.hooks'])
OPTIM_WRAPPERS = Registry(
    'optim_wrapper',
    parent=MMENGINE_OPTIM_WRAPPERS,
    scope='mmswap',
    locations=['mmswap.engine'])
OPTIM_WRAPPER_CONSTRUCTORS = Registry(
    'optimizer wrapper constructor',
    parent=MMENGINE_OPTIM_WRAPPER_CONSTRUCTORS,
    scope='mmswap',
    locations=['mmswap.engine'])
METRICS = Registry(
    'metric',
    parent=MMENGINE_METRICS,
    scope='mmswap',
    locations=['mmswap.evaluation', 'mmswap.tasks'])
EVALUATOR = Registry(
    'evaluator',
    parent=MMENGINE_EVALUATOR,
    scope='mmswap',
    locations=['mmswap.evaluation'])

# Of mmswap alone. To support another task, another kind of block or another
# kind of model as an ONNX file, or to add a test to the audit, register it
# here.
TASKS = Registry('task', scope='mmswap', locations=['mmswap.tasks'])
BLOCKS = Registry(
    'block', scope='mmswap', locations=['mmswap.models.adapters'])
AUDITS = Registry('audit test', scope='mmswap', locations=['mmswap.audit'])
EXPORTS = Registry('export kind', scope='mmswap', locations=['mmswap.export'])
