"""The page in a browser: it renders, sorts, and nothing goes wrong."""
import json
import re
import shutil
import subprocess

import pytest

from mmswap.apis.page import write_page

BROWSER = next(filter(None, map(shutil.which, (
    'chromium', 'chromium-browser', 'google-chrome'))), None)
pytestmark = pytest.mark.skipif(
    BROWSER is None, reason='there is no Chromium to open the page with')

LISTEN = """<script>
window.wrong = [];
addEventListener('error', (e) => wrong.push(e.message));
console.error = (...args) => wrong.push(args.join(' '));
</script>"""
LOOK = """<script>
addEventListener('load', () => {
  const table = document.querySelector('table.sortable');
  const names = () => [...table.tBodies[0].rows].map(
    (row) => row.cells[0].textContent);
  const click = (i) => table.tHead.rows[0].cells[i]
    .querySelector('button').click();
  const told = {first: names()};
  click(0); told.byName = names();
  click(0); told.backwards = names();
  click(2); told.byObjects = names();
  told.sorted = table.tHead.rows[0].cells[2].getAttribute('aria-sort');
  told.wide = document.documentElement.scrollWidth - innerWidth;
  told.plots = [...document.querySelectorAll('svg.plot')].map(
    (svg) => svg.getBoundingClientRect().height > 50);
  told.ground = getComputedStyle(document.body).backgroundColor;
  told.wrong = wrong;
  document.body.innerHTML = '<pre id="told">' + JSON.stringify(told) +
    '</pre>';
});
</script>"""


def _open(page, folder, width, dark):
    """What the page's script tells of itself."""
    text = page.read_text()
    text = text.replace('<head>', '<head>' + LISTEN).replace(
        '</body>', LOOK + '</body>')
    copy = page.with_name('looked_at.html')
    copy.write_text(text)
    done = subprocess.run(
        [BROWSER, '--headless=new', '--no-sandbox', '--disable-gpu',
         f'--user-data-dir={folder}', f'--window-size={width},900',
         f'--blink-settings=preferredColorScheme={0 if dark else 1}',
         '--virtual-time-budget=3000', '--dump-dom', copy.as_uri()],
        capture_output=True, text=True,
        timeout=120)
    found = re.search(r'<pre id="told">(.*?)</pre>', done.stdout, re.S)
    assert found, done.stderr[-2000:]
    return json.loads(found.group(1))


@pytest.mark.slow
@pytest.mark.parametrize('width, dark', [(400, False), (1600, True)])
def test_it_renders_and_sorts(swapped, tmp_path, width, dark):
    told = _open(write_page(swapped, 0), tmp_path / 'profile', width, dark)
    assert told['wrong'] == []
    assert told['first'] == ['b', 'c', 'a']
    assert told['byName'] == ['a', 'b', 'c']
    assert told['backwards'] == ['c', 'b', 'a']
    # Ten of a and of b, five of c; a number's first click is downwards.
    assert told['byObjects'][-1] == 'c' and told['sorted'] == 'descending'
    assert told['wide'] <= 0
    assert told['plots'] == [True] * 4
    assert told['ground'] == ('rgb(20, 24, 28)' if dark else
                              'rgb(255, 255, 255)')
