// Drawing of the charts' own shapes; options name these functions.
window.plHatch = () => {
  if (window.plHatchMade) return window.plHatchMade;
  const c = document.createElement('canvas'); c.width = c.height = 8;
  const g = c.getContext('2d'); g.strokeStyle = '#b9bfc5'; g.lineWidth = 1.4; g.beginPath();
  g.moveTo(-2, 10); g.lineTo(10, -2); g.moveTo(-2, 2); g.lineTo(2, -2); g.moveTo(6, 10); g.lineTo(10, 6); g.stroke();
  return window.plHatchMade = c;
};
window.plBar = (params, api) => {
  const a = api.coord([api.value(0), api.value(2)]), b = api.coord([api.value(1), 0]);
  const x = a[0] + 1, w = Math.max(1, b[0] - a[0] - 2), y = Math.min(a[1], b[1]), hh = Math.abs(b[1] - a[1]);
  const kind = api.value(3), revised = api.value(4), mid = x + w / 2;
  const fill = kind === 1 ? '#c4261d' : kind === 2 ? '#b3b9c0' : '#7d858e';
  const kids = [{type: 'rect', shape: {x, y, width: w, height: hh}, style: {fill, stroke: revised ? '#7a3fb8' : null, lineWidth: revised ? 2.5 : 0}}];
  if (kind === 1 && w > 4) kids.push({type: 'polygon', shape: {points: [[mid - 5, y - 4], [mid + 5, y - 4], [mid, y - 12]]}, style: {fill: '#c4261d'}});
  if (revised) kids.push({type: 'rect', shape: {x: mid - 1.5, y: params.coordSys.y + params.coordSys.height, width: 3, height: 8}, style: {fill: '#7a3fb8'}});
  return {type: 'group', children: kids};
};
window.plBand = (params, api) => {
  const c = params.coordSys, a = api.coord([api.value(0), 0])[0], b = api.coord([api.value(1), 0])[0];
  const x = Math.max(a, c.x), w = Math.min(b, c.x + c.width) - x;
  if (w <= 0) return null;
  const hatch = api.value(2) === 0;
  const style = hatch ? {fill: {image: window.plHatch(), repeat: 'repeat'}} : {fill: 'rgba(60,70,80,0.10)'};
  const kids = [{type: 'rect', shape: {x, y: c.y, width: w, height: c.height}, style}];
  const text = String(api.value(3)), cjk = /[\u3000-\u9fff\uff00-\uffef]/;
  const word = cjk.test(text) ? 27 : 7.5 * Math.max(...text.split(' ').map((part) => part.length)); // px of the longest word, or of two Chinese signs
  if (w - 8 > word) kids.push({type: 'text', style: {text, x: x + 5, y: c.y + (hatch ? 20 : 4), width: cjk.test(text) ? Math.floor((w - 8) / 26) * 26 + 1 : w - 8, overflow: 'break', font: '13px sans-serif', fill: '#3f464d', stroke: '#fff', lineWidth: 4}});
  return {type: 'group', children: kids};
};
window.plCell = (params, api) => {
  const c = params.coordSys, a = api.coord([api.value(0), 0])[0], b = api.coord([api.value(1), 0])[0], w = b - a;
  const kids = [{type: 'rect', shape: {x: a + 0.5, y: c.y, width: Math.max(1, w - 1), height: c.height}, style: {fill: api.value(3)}}];
  const text = api.value(4);
  if (text && w > 9) kids.push({type: 'text', style: {text, x: a + w / 2, y: c.y + c.height / 2, align: 'center', verticalAlign: 'middle', font: 'bold 12px sans-serif', fill: api.value(5)}});
  return {type: 'group', children: kids};
};
window.plTime = (v) => { const d = new Date(v + 28800000 /* UTC+8 */), h = d.getUTCHours(), m = d.getUTCMinutes();
  const zh = document.documentElement.lang.startsWith('zh');
  return h || m ? String(h).padStart(2, '0') + ':' + String(m).padStart(2, '0') : zh ? d.getUTCMonth() + 1 + '月' + d.getUTCDate() + '日' : d.getUTCDate() + ' ' + ['Jan','Feb','Mar','Apr','May','Jun','Jul','Aug','Sep','Oct','Nov','Dec'][d.getUTCMonth()]; };
window.plNumber = (v) => document.documentElement.lang.startsWith('zh') && Math.abs(v) >= 1e4 ? v / 1e4 + '万' : Math.abs(v) >= 1e6 ? v / 1e6 + ' M' : Math.abs(v) >= 1e4 ? v / 1e3 + ' k' : v.toLocaleString('en-US');
window.plTip = (p) => (p.data && p.data.tip) || '';
