// Stored ratios: times differ between machines, the ratio to a peer much less.

/** `{ "workload": { "peer:threads": ratio } }`, ours over the peer. */
export function ratiosOf(rows) {
  const stored = {};
  for (const { id, results } of rows) {
    const ratios = Object.entries(results).filter(([, e]) => e.ratio !== undefined);
    if (ratios.length > 0)
      stored[id] = Object.fromEntries(ratios.map(([name, e]) => [name, Number(e.ratio.toFixed(4))]));
  }
  return stored;
}

/** What has become slower against a named peer by more than `within` (0.1: a tenth), one line each. */
export function checkRatios(stored, rows, within) {
  const slower = [];
  for (const { id, results } of rows) {
    for (const [name, was] of Object.entries(stored[id] ?? {})) {
      const now = results[name]?.ratio;
      if (now !== undefined && now > was * (1 + within)) {
        slower.push(`${id}: ${now.toFixed(2)} of the time of ${name}, it was ${was.toFixed(2)}`);
      }
    }
  }
  return slower;
}
