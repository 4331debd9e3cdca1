'use strict';
// Tables sort by the column whose head is clicked; a second click turns it.
for (const button of document.querySelectorAll('th button')) {
  button.addEventListener('click', () => {
    const head = button.closest('th');
    const column = [...head.parentNode.children].indexOf(head);
    const up = head.getAttribute('aria-sort') === 'descending' ||
      (!head.hasAttribute('aria-sort') && head.classList.contains('text'));
    for (const other of head.parentNode.children) {
      other.removeAttribute('aria-sort');
    }
    head.setAttribute('aria-sort', up ? 'ascending' : 'descending');
    const body = head.closest('table').tBodies[0];
    const value = (row) => row.children[column].dataset.value ?? '';
    const order = (a, b) => {
      const [x, y] = [value(a), value(b)];
      if (x === '' || y === '') { return (x === '') - (y === ''); }
      const by = head.classList.contains('text')
        ? x.localeCompare(y) : Number(x) - Number(y);
      return up ? by : -by;
    };
    body.append(...[...body.rows].sort(order));
  });
}
// Pictures open in full size.
const dialog = document.querySelector('dialog');
for (const button of document.querySelectorAll('.shot button')) {
  button.addEventListener('click', () => {
    const image = button.querySelector('img');
    const full = dialog.querySelector('img');
    full.src = image.src;
    full.alt = image.alt;
    dialog.showModal();
  });
}
if (dialog) { dialog.addEventListener('click', () => dialog.close()); }
