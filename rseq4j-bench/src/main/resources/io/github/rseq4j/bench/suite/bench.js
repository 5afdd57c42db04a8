// Draws the results of a run: goals, a chart and the ratios of each family, and what the machine cannot show.
'use strict';
(() => {
  const results = JSON.parse(document.getElementById('data').textContent);
  const color = name => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
  const text = getComputedStyle(document.body).color;
  const plural = threads => `${threads} thread${threads === 1 ? '' : 's'}`;

  // Three digits: ours is rounded up, and the others down.
  const rounded = (value, round) => {
    const unit = 10 ** Math.min(2, Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value) || 1))));
    return (round(value * unit) / unit).toLocaleString('en', {maximumFractionDigits: 2});
  };
  const up = value => rounded(value, Math.ceil);
  const down = value => rounded(value, Math.floor);
  const figure = (interval, round) => `${round(interval.value)} [${down(interval.low)} to ${up(interval.high)}]`;

  const add = (parent, tag, content, kind) => {
    const element = document.createElement(tag);
    element.textContent = content ?? '';
    element.className = kind ?? '';
    return parent.appendChild(element);
  };
  const row = (table, tag, cells, kinds = []) => {
    const line = add(table, 'tr');
    cells.forEach((cell, i) => add(line, tag, cell, kinds[i]));
  };

  const machine = results.machine;
  document.getElementById('machine').textContent = `${machine.processor}, ${machine.cpus} CPU${machine.cpus === 1 ? '' : 's'}`
      + `${machine.virtual ? ', virtual' : ''}; Linux ${machine.kernel}; JDK ${machine.jdk}; clock source `
      + `${machine.clockSource}; load ${machine.load}; ${machine.engine}`;
  document.getElementById('run').textContent = `${results.date}, ${results.quick ? 'a quick run' : 'a run'} of `
      + `${results.rounds} round${results.rounds === 1 ? '' : 's'}`
      + `${results.ended ? ` (${results.ended})` : ''}. Bars are means; lines and brackets are intervals of `
      + '95 % by the bootstrap over rounds and iterations. ';
  for (const [side, words] of [['ours', 'rseq4j'], ['peer', 'peers'], ['limit', 'limits']]) {
    const mark = add(document.getElementById('run'), 'span', ` \u25a0 ${words}`);
    mark.style.color = color(side);
  }

  const goals = document.getElementById('goals');
  row(goals, 'th', ['family', 'verdict', 'goal', 'threads', 'ours', 'allowed'], ['', '', '', 'number', 'number', 'number']);
  for (const family of results.families) {
    for (const goal of family.goals) {
      row(goals, 'td', [family.name, goal.verdict, goal.goal, goal.threads, goal.ours ? figure(goal.ours, up) : '-',
        goal.most ? figure(goal.most, down) : '-'],
      ['', goal.verdict === 'met' ? 'met' : goal.verdict === 'not met' ? 'not' : '', '', 'number', 'number', 'number']);
    }
  }
  for (const sentence of machine.cannotShow) {
    add(document.getElementById('cannot'), 'li', sentence);
  }

  const intervals = {
    id: 'intervals',
    afterDatasetsDraw(chart) {
      const {ctx, scales: {x}} = chart;
      ctx.save();
      ctx.strokeStyle = text;
      ctx.lineWidth = 1.5;
      chart.data.datasets.forEach((set, i) => chart.getDatasetMeta(i).data.forEach((bar, j) => {
        const interval = set.intervals[j];
        if (interval && chart.isDatasetVisible(i)) {
          const [low, high] = [x.getPixelForValue(interval.low), x.getPixelForValue(interval.high)];
          ctx.beginPath();
          ctx.moveTo(low, bar.y);
          ctx.lineTo(high, bar.y);
          for (const end of [low, high]) {
            ctx.moveTo(end, bar.y - 3);
            ctx.lineTo(end, bar.y + 3);
          }
          ctx.stroke();
        }
      }));
      ctx.restore();
    },
  };

  // Long names take several lines, so that a narrow page has place for the bars.
  const lines = (name, most) => name.split(' ').reduce((all, word) => {
    const last = all.at(-1);
    return last !== undefined && `${last} ${word}`.length <= most ? [...all.slice(0, -1), `${last} ${word}`]
        : [...all, word];
  }, []);

  const draw = (parent, family) => {
    const rows = family.rows.filter(each => each.times.length > 0);
    const threads = [...new Set(rows.flatMap(each => each.times.map(time => time.threads)))].sort((a, b) => a - b);
    const box = add(parent, 'div', '', 'chart');
    const labels = rows.map(each => lines(each.name, box.clientWidth < 600 ? 18 : 45));
    const heights = labels.map(each => Math.max(14 + 14 * threads.length, 6 + 16 * each.length));
    box.style.height = `${70 + rows.length * Math.max(...heights)}px`;
    const canvas = add(box, 'canvas');
    canvas.setAttribute('role', 'img');
    canvas.setAttribute('aria-label', `${family.title}: a bar for each row: ${labels.join(', ')}`);
    new Chart(canvas, {
      type: 'bar',
      data: {
        labels,
        datasets: threads.map((count, i) => {
          const times = rows.map(each => each.times.find(time => time.threads === count));
          const alpha = ['ff', 'aa', '66'][Math.min(i, 2)];
          return {
            label: plural(count),
            data: times.map(time => time?.time.value ?? null),
            intervals: times.map(time => time?.time),
            backgroundColor: rows.map(each => color(each.side) + alpha),
          };
        }),
      },
      options: {
        indexAxis: 'y', maintainAspectRatio: false, animation: false,
        scales: {
          x: {
            beginAtZero: true, suggestedMax: Math.max(...rows.flatMap(each => each.times.map(time => time.time.high))),
            title: {display: true, text: family.unit, color: text}, ticks: {color: text},
          },
          y: {ticks: {color: text}, grid: {display: false}},
        },
        plugins: {
          legend: {labels: {color: text}},
          tooltip: {callbacks: {label: item => `${item.dataset.label}: `
              + `${figure(item.dataset.intervals[item.dataIndex], rows[item.dataIndex].side === 'OURS' ? up : down)} `
              + family.unit}},
        },
      },
      plugins: [intervals],
    });
  };

  for (const family of results.families) {
    const section = add(document.getElementById('families'), 'section');
    add(section, 'h2', `${family.name}: ${family.title}`);
    if (family.rows.every(each => each.times.length === 0)) {
      add(section, 'p', 'This run has no figures of it.', 'note');
      continue;
    }
    draw(section, family);
    for (const missing of family.rows.filter(each => each.missing)) {
      add(section, 'p', `${missing.name} is not measured: ${missing.missing}`, 'note');
    }
    const details = add(section, 'details');
    add(details, 'summary', 'ratios');
    const table = add(add(details, 'div', '', 'wide'), 'table');
    row(table, 'th', ['ours', 'beside', 'threads', 'ours divided by the other'], ['', '', 'number', 'number']);
    for (const ratio of family.ratios) {
      row(table, 'td', [ratio.ours, ratio.beside, ratio.threads, figure(ratio.ratio, up)], ['', '', 'number', 'number']);
    }
  }
})();
