"""The page says what the json says, and needs nothing from elsewhere."""
import json
import re
from html.parser import HTMLParser

import pytest
from page_files import write_json

from mmswap.apis import run_swap
from mmswap.apis.cli import main
from mmswap.apis.page import write_page
from mmswap.apis.page.page import audit_table, file_size, percent

VOID = {'meta', 'link', 'img', 'br', 'path', 'use', 'rect', 'stop'}
SECTIONS = {'summary', 'gates', 'pictures', 'names', 'splits', 'classes',
            'losses', 'adapter', 'cost', 'origin'}


class Page(HTMLParser):
    """Elements that are open, ids, addresses and the cells of tables."""

    def __init__(self, text):
        super().__init__()
        self.open, self.wrong, self.found = [], [], []
        self.ids, self.rows, self.text = set(), [], ''
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        self.ids.add(attrs.get('id'))
        self.found += [attrs[k] for k in ('src', 'href', 'xlink:href')
                       if attrs.get(k)]
        if tag == 'tr':
            self.rows.append([])
        if tag in ('td', 'th'):
            self.rows[-1].append('')
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag in VOID:
            return
        if not self.open or self.open.pop() != tag:
            self.wrong.append(tag)

    def handle_data(self, data):
        if self.open and self.open[-1] in ('style', 'script'):
            return
        self.text += data
        if {'td', 'th'} & set(self.open):
            self.rows[-1][-1] += data.strip()


def _page(folder, **options):
    return Page(write_page(folder, **options).read_text())


def test_it_is_whole_and_alone(swapped):
    page = _page(swapped, images=0)
    assert not page.wrong and not page.open
    assert SECTIONS <= page.ids and 'audit' not in page.ids
    # Nothing is loaded: parts of the page, and data in it.
    assert all(url.startswith(('#', 'data:')) for url in page.found)
    text = (swapped / 'swap_report.html').read_text()
    assert not re.findall(r'(?:url\(|@import|src=)["\']?http', text)


def test_the_scores_are_those_of_the_json(swapped):
    page = _page(swapped, images=0)
    main(['report', str(swapped), '--images', '0'])
    report = json.loads((swapped / 'swap_report.json').read_text())
    for row in report['rows']:
        shown = [row['split'], row['metric'], *(
            '-' if value is None else f'{value:.3f}'
            for value in row['values'])]
        assert shown in page.rows


def test_the_first_lines_tell_it(swapped):
    text = ' '.join(_page(swapped, images=0).text.split())
    assert 'Learned c; forgot b; kept 1 other, in' in text
    assert 'Found under their own name: 100% → 0% of the objects.' in text
    assert 'Now 90% have another name: c 60%, a 30%. 10% are not' in text
    # 0.0625 of 0.9375 of the base's 0.7 are left.
    assert '✗ missed forget <= 0.05, reached 0.062' in text
    assert '✓ met retain >= 0.9, reached 1.000' in text


def test_every_class_and_every_name(swapped):
    rows = _page(swapped, images=0).rows
    assert ['✕ b', '6', '3', '1'] in rows
    assert ['a', '2', '8', ''] in rows
    found, = (row for row in rows if row[:2] == ['b', 'forgotten'])
    assert found == ['b', 'forgotten', '10', '100%', '70%', '0%', '90%',
                     '10%', 'c 60%, a 30%']


def test_there_are_plots_of_what_was_recorded(swapped):
    text = write_page(swapped, 0).read_text()
    assert text.count('<svg class="plot"') == 4
    assert 'GradientStatsHook' in text
    matrix = dict(mean=0., mean_abs=.5)
    write_json(swapped / 'toy_learn/gradient_stats.json', dict(
        updates=2, groups={'layers.0.ffn': dict(a=matrix, b=matrix)}))
    text = write_page(swapped, 0).read_text()
    assert text.count('<svg class="plot"') == 5
    assert 'GradientStatsHook' not in text


def test_the_audit_is_shown_where_there_is_one(swapped):
    def result(subject, value, verdict=None, why=None, figure='probe/x'):
        return dict(figure=figure, title='a share', subject=subject,
                    value=value, low=value - .1, high=value + .1,
                    says='<b> is no tag', verdict=verdict, why=why)

    results = [result('subject', .4, 'between', 'nearer to none'),
               result('base', .8), result('base', .9, figure='probe/y')]
    assert [[each and each['value'] for each in row['values']]
            for row in audit_table(results)['rows']] == [[.4, .8], [None, .9]]
    shares = dict(named=0., renamed=.25, unseen=.75)
    models = [dict(name='subject', called=shares), dict(name='old')]
    write_json(swapped / 'audit/audit.json',
               dict(results=results, models=models))
    page = _page(swapped, images=0)
    assert ['subject', '0%', '25%', '75%'] in page.rows
    assert 'audit' in page.ids and not page.wrong
    row, = (row for row in page.rows if row[0] == 'probe/x')
    assert row == ['probe/x', '0.4000.300 to 0.500', '0.8000.700 to 0.900',
                   'betweennearer to none']
    assert 'probe/x</b>: a share. &lt;b&gt; is no tag' in (
        swapped / 'swap_report.html').read_text()


def test_a_page_that_fails_leaves_the_other_results(toy, capsys, monkeypatch):
    def fail(*_, **__):
        raise KeyError('no template')

    monkeypatch.setattr('mmswap.apis.page.page._render', fail)
    report = run_swap([toy.learn, toy.forget], toy.work_dir)
    assert report['columns'][-1] == 'after forget'
    assert (toy.work_dir / 'swap_report.json').is_file()
    assert not (toy.work_dir / 'swap_report.html').exists()
    assert 'no template' in capsys.readouterr().out
    with pytest.raises(KeyError):
        main(['report', str(toy.work_dir)])


def test_a_run_makes_a_page_and_says_why_it_has_no_pictures(toy):
    run_swap([toy.learn], toy.work_dir)
    text = (toy.work_dir / 'swap_report.html').read_text()
    assert 'val_evaluator must be a mmswap.SwapEvaluator' in text
    assert 'Learned c' in text


def test_a_wrong_number_of_images(toy):
    from toy_swap import LOG
    for call in (lambda: run_swap([toy.learn], toy.work_dir, images=-1),
                 lambda: main(['report', str(toy.work_dir), '--images',
                               '-1'])):
        with pytest.raises(ValueError, match='--images'):
            call()
    assert LOG.steps == 0


def test_figures_as_they_are_read():
    assert [percent(v) for v in (None, 0., .001, .126, 1.)] == [
        '–', '0%', '<1%', '13%', '100%']
    assert [file_size(v) for v in (None, 10, 1500, 2e6)] == [
        '–', '10 bytes', '1.5 kB', '2.0 MB']
