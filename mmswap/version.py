"""The version, which setup.py reads without importing torch."""
__version__ = '0.2.0'
