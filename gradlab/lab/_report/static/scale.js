// Scales, which turn values into pixels and back, and their ticks.
function makeScale(low, high, log, start, end) {
  const forward = log ? Math.log10 : (value) => value;
  let [from, to] = [forward(low), forward(high)];
  if (!(to > from)) [from, to] = [from - 0.5, from + 0.5];
  const scale = (value) => start + ((forward(value) - from) / (to - from)) * (end - start);
  scale.invert = (pixel) => {
    const at = from + ((pixel - start) / (end - start)) * (to - from);
    return log ? 10 ** at : at;
  };
  scale.ticks = (most) => (log ? logTicks(from, to, most) : linearTicks(from, to, most));
  return scale;
}

function linearTicks(from, to, most) {
  const rough = (to - from) / Math.max(most, 1);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((part) => part * power).find((size) => size >= rough);
  const ticks = [];
  for (let index = Math.ceil(from / step - 1e-9); index * step <= to + 1e-9 * step; index++) ticks.push(Number((index * step).toPrecision(12)));
  return ticks;
}

function logTicks(from, to, most) {
  const decades = to - from;
  const parts = decades < 1.2 ? [1, 2, 3, 5, 7] : decades < 2.5 ? [1, 2, 5] : [1];
  const every = parts.length > 1 ? 1 : Math.max(1, Math.ceil(decades / most));
  const ticks = [];
  for (let power = Math.floor(from); power <= Math.ceil(to); power++) {
    if (power % every) continue;
    for (const part of parts) {
      const at = power + Math.log10(part);
      if (at >= from - 1e-9 && at <= to + 1e-9) ticks.push(part * 10 ** power);
    }
  }
  return ticks.length > 1 ? ticks : [10 ** from, 10 ** to];
}

function tickText(value, log, span) {
  const exponent = Math.log10(Math.abs(value));
  if (log && span > 6 && Math.abs(exponent - Math.round(exponent)) < 1e-6) return "10" + raised(Math.round(exponent));
  return number(value, 2);
}

function extent(values, log) {
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) {
    if (value === null || (log && value <= 0)) continue;
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  return low <= high ? [low, high] : [log ? 0.1 : 0, 1];
}

function widened([low, high], log, share) {
  if (log) {
    const room = Math.max((high / low) ** share, 1.05);
    return [low / room, high * room];
  }
  const room = share * (high - low) || 0.5;
  return [low - room, high + room];
}

// Move places as little as possible so that they are at least `gap` apart, in the same order.
function spreadOut(places, gap) {
  const order = places.map((place, index) => [place, index]).sort((a, b) => a[0] - b[0]);
  const groups = [];
  for (const [place, index] of order) {
    groups.push({ sum: place, members: [index] });
    while (groups.length > 1) {
      const [below, above] = groups.slice(-2);
      const middle = (group) => group.sum / group.members.length;
      if (middle(above) - middle(below) >= (gap * (above.members.length + below.members.length)) / 2) break;
      groups.splice(-2, 2, { sum: below.sum + above.sum, members: [...below.members, ...above.members] });
    }
  }
  const moved = [];
  for (const { sum, members } of groups) {
    members.forEach((index, position) => {
      moved[index] = sum / members.length + gap * (position - (members.length - 1) / 2);
    });
  }
  return moved;
}
