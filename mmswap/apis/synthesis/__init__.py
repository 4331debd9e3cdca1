"""``mmswap synthesize``: images that show what a base model knows."""
from mmswap.apis.synthesis.settings import SynthesisSettings
from mmswap.apis.synthesis.synthesize import Synthesized, synthesize

__all__ = ['Synthesized', 'SynthesisSettings', 'synthesize']
