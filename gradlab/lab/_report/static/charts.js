// The charts of the page: learning curves, sensitivity, performance profiles.
function learningCurves(section, problem) {
  const host = section.querySelector('[data-chart="curves"]');
  const [metric, log, bands] = ["metric", "log", "bands"].map((role) => host.previousElementSibling.querySelector(`[data-role="${role}"]`));
  problem.curves.forEach((curve, index) => element("option", { value: index }, metric, curve.label));
  const draw = makeChart(host);
  const redraw = () => {
    const curve = problem.curves[metric.value];
    draw({
      label: `Learning curves on ${problem.name}: ${curve.label} by update`,
      x: { label: "update", log: false },
      y: { label: curve.label, log: log.checked },
      bands: bands.checked,
      lines: Object.entries(curve.lines).map(([name, line]) => ({ name, x: curve.x, ...line })),
    });
  };
  for (const control of [metric, log, bands]) control.addEventListener("change", redraw);
  redraws.push(redraw);
}

function sensitivityCurves(section, problem) {
  const host = section.querySelector('[data-chart="sensitivity"]');
  if (!host) return;  // runs were stopped early
  const log = host.previousElementSibling.querySelector('[data-role="log"]');
  const draw = makeChart(host);
  const { label, lines } = problem.sensitivity;
  const redraw = () =>
    draw({
      label: `Sensitivity on ${problem.name}: ${label} by learning rate`,
      x: { label: "learning rate", log: true },
      y: { label, log: log.checked },
      bands: true,
      lines: Object.entries(lines).map(([name, line]) => ({
        name,
        ...line,
        ring: line.chosen >= 0 ? line.chosen : null,
        crosses: line.x.filter((_, index) => line.lost[index] > 0),
      })),
    });
  log.addEventListener("change", redraw);
  redraws.push(redraw);
}

function performanceProfiles() {
  const host = document.querySelector('[data-chart="profiles"]');
  if (!host || !data.profiles) return;
  const draw = makeChart(host);
  const { x, lines, label } = data.profiles;
  redraws.push(() =>
    draw({
      label: "Performance profiles: share of the cases by factor",
      x: { label: "factor of the fewest updates", log: true },
      y: { label, log: false, range: [0, 1.02], text: (value) => `${Math.round(100 * value)} %` },
      step: true,
      lines: Object.entries(lines).map(([name, line]) => ({ name, x, ...line })),
    }),
  );
}
