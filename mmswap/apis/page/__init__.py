"""The report of a swap as one HTML page."""
from mmswap.apis.page.page import IMAGES, write_page

__all__ = ['IMAGES', 'write_page']
