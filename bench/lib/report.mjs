// The table: a row for each workload and thread count, ours against the best native and the best JavaScript peer.

export const NATIVE = ["numpy", "torch", "jax", "ort-node"];
export const SCRIPT = ["ort-web", "tfjs", "jaxjs", "gpujs"];
const LABELS = { jaxjs: "jax-js", gpujs: "GPU.js", tfjs: "tfjs-wasm", torch: "PyTorch", numpy: "NumPy", jax: "JAX" };
export const label = (name) => {
  const [peer, threads] = name.split(":");
  return `${LABELS[peer] ?? peer}:${threads}`;
};

export function time(ms) {
  if (ms === undefined) return "–";
  if (ms < 0.01) return `${(ms * 1000).toFixed(2)} µs`;
  if (ms < 1) return `${(ms * 1000).toFixed(0)} µs`;
  return `${ms < 10 ? ms.toFixed(2) : ms < 100 ? ms.toFixed(1) : ms.toFixed(0)} ms`;
}

/** A peer's entry for a thread count: its own, or what it does with one thread if it has no threads. */
function entryOf(results, peer, threads) {
  const own = results[`${peer}:${threads}`];
  if (own !== undefined || threads === 1) return own;
  const single = results[`${peer}:1`];
  const ours = results[`ours:${threads}`];
  // no pairs were made with it: the medians of the same rounds
  return single?.ms === undefined || ours?.ms === undefined ? single : { ...single, ratio: ours.ms / single.ms };
}

export function bestOf(results, peers, threads) {
  let best;
  for (const peer of peers) {
    const entry = entryOf(results, peer, threads);
    if (entry?.ratio !== undefined && (best === undefined || entry.ratio > best.ratio)) best = { peer, ...entry };
  }
  return best;
}

/** Shares of the measured roofs: of the copy's bandwidth and of the multiply-add peak with as many threads. */
function roofShare(row, threads, roofs) {
  const mine = row.results[`ours:${threads}`]?.ms;
  const [copy, fma] = ["copy", "fma"].map((kind) => roofs[`${kind}:${threads}`]);
  const shares = [];
  if (mine && row.flops && fma) shares.push(`${Math.round((100 * row.flops) / mine / fma)} % FMA`);
  if (mine && row.bytes && copy && !(row.flops > 20 * row.bytes))
    shares.push(`${Math.round((100 * row.bytes) / mine / copy)} % copy`);
  return shares.join(", ");
}

function roofsOf(rows) {
  const roofs = {};
  for (const row of rows.filter((r) => r.group === "roof")) {
    for (const [name, { ms }] of Object.entries(row.results)) {
      const [peer, threads] = name.split(":");
      if (peer === "roof" && ms)
        roofs[`${row.id === "roof: copy" ? "copy" : "fma"}:${threads}`] = (row.bytes ?? row.flops) / ms;
    }
  }
  return roofs;
}

const ratio = (best) =>
  best === undefined ? "–" : `${best.ratio.toFixed(2)} (${label(`${best.peer}:`).slice(0, -1)})`;

/** Worst first: by how far a row is from what it should be, 1 × native and a third of the best script. */
function badness(row, threads) {
  const native = bestOf(row.results, NATIVE, threads)?.ratio ?? 0;
  const script = bestOf(row.results, SCRIPT, threads)?.ratio ?? 0;
  return Math.max(native, script);
}

export function summaryTable(rows, threads, { sorted = true } = {}) {
  const roofs = roofsOf(rows);
  const shown = rows.filter((r) => r.group !== "roof" && r.results[`ours:${threads}`] !== undefined);
  if (sorted) shown.sort((a, b) => badness(b, threads) - badness(a, threads));
  const lines = [
    "| workload | ours | ours / best native | ours / best JS | of the roof | spread | error | first call |",
    "|---|---|---|---|---|---|---|---|",
  ];
  for (const row of shown) {
    const mine = row.results[`ours:${threads}`];
    const native = bestOf(row.results, NATIVE, threads);
    const error = mine.error === undefined ? "" : mine.error === 0 ? "0" : mine.error.toExponential(0);
    lines.push(
      mine.ms === undefined
        ? `| ${row.id} | – (${mine.reason}) | | | | | | |`
        : `| ${row.id} | ${time(mine.ms)} | ${ratio(native)} | ${ratio(bestOf(row.results, SCRIPT, threads))} | ${roofShare(row, threads, roofs)} | ${Math.round(100 * (native?.ratioSpread ?? mine.spread))} % | ${error} | ${time(mine.first)} |`,
    );
  }
  return lines.join("\n");
}

/**
 * How well work is shared: the time with the most threads against the time with one, beside the speed-up of multiply-adds alone, which
 * is what the machine allows; and the bytes of inputs and results against what so many threads copy, where a workload has a number of
 * them. Both are measured in the workload's own turns. What neither gains from threads nor moves bytes as fast as a copy is marked.
 */
export function sharingTable(rows) {
  const shown = rows.filter((r) => r.rates !== undefined && Object.keys(r.rates).length > 0);
  const most = Math.max(1, ...shown.flatMap((r) => Object.keys(r.rates).map((name) => Number(name.split(":")[1]))));
  if (most < 2) return undefined;
  const lines = [
    `| workload | 1 thread | ${most} threads | speed-up | of multiply-adds | GB/s | of a copy | |`,
    "|---|---|---|---|---|---|---|---|",
  ];
  for (const { id, results, rates, bytes } of shown) {
    const [one, all] = [1, most].map((n) => results[`ours:${n}`]?.ms);
    if (!one || !all) continue;
    const [speedUp, limit] = [one / all, rates[`fma:${most}`] / rates["fma:1"]];
    const share = bytes ? bytes / all / rates[`copy:${most}`] : undefined;
    const cells = [time(one), time(all), `${speedUp.toFixed(2)}×`, `${limit.toFixed(2)}×`];
    cells.push(bytes ? (bytes / all / 1e6).toFixed(1) : "", share === undefined ? "" : `${Math.round(100 * share)} %`);
    cells.push(one < 1 || speedUp >= 1.7 || (share ?? 0) >= 0.85 ? "" : "short of both");
    lines.push(`| ${id} | ${cells.join(" | ")} |`);
  }
  return lines.join("\n");
}

/** Every peer's time; where it has none, a number that the list below explains. */
export function fullTable(rows) {
  const names = [...new Set(rows.flatMap((r) => Object.keys(r.results)))];
  const reasons = new Map();
  const cell = (entry) => {
    if (entry === undefined) return "";
    if (entry.ms !== undefined) {
      const against = entry.ratio === undefined ? "" : `, ${entry.ratio.toFixed(2)}`;
      return `${time(entry.ms)}${against}`;
    }
    if (!reasons.has(entry.reason)) reasons.set(entry.reason, reasons.size + 1);
    return `–${reasons.get(entry.reason)}`;
  };
  const lines = [
    `| workload | ${names.map(label).join(" | ")} | reference |`,
    `|---|${names.map(() => "---|").join("")}---|`,
    ...rows.map(
      (r) =>
        `| ${r.id} | ${names.map((n) => cell(r.results[n])).join(" | ")} | ${r.reference ? label(r.reference) : ""} |`,
    ),
  ];
  const notes = [...reasons].map(([reason, n]) => `–${n}: ${reason}`);
  return [
    ...lines,
    "",
    "A cell is the warm time and the ratio of ours to it (below 1: ours is faster).",
    ...notes,
  ].join("\n");
}

export function firstCallTable(rows) {
  const names = [...new Set(rows.flatMap((r) => Object.keys(r.results)))].filter((n) => n.endsWith(":1"));
  return [
    `| first call: preparation, compilation and one run | ${names.map(label).join(" | ")} |`,
    `|---|${names.map(() => "---|").join("")}`,
    ...rows.map((r) => `| ${r.id} | ${names.map((n) => time(r.results[n]?.first)).join(" | ")} |`),
  ].join("\n");
}

/** One line for each workload, in their order: what a document shows. */
export function compactTable(rows, threads) {
  const some = (n) => (n === 1 ? "1 thread" : `${n} threads`);
  const lines = [
    `| workload | ${threads.map((n) => `${some(n)} | / native | / JS`).join(" | ")} |`,
    `|---|${threads.map(() => "---|---|---|").join("")}`,
  ];
  for (const { id, group, results } of rows) {
    if (group === "roof") continue;
    const cells = threads.map((n) => {
      const mine = results[`ours:${n}`];
      return `${time(mine?.ms)} | ${ratio(bestOf(results, NATIVE, n))} | ${ratio(bestOf(results, SCRIPT, n))}`;
    });
    lines.push(`| ${id} | ${cells.join(" | ")} |`);
  }
  return lines.join("\n");
}

/** The share of the roof that binds, with the other work left out: that of which there is more time's worth. */
function bindingRoof({ flops = 0, bytes = 0, results }, threads, roofs) {
  const mine = results[`ours:${threads}`]?.ms;
  const [copy, fma] = ["copy", "fma"].map((kind) => roofs[`${kind}:${threads}`]);
  if (!mine || !copy || !fma || !(flops || bytes)) return "–";
  const [computing, moving] = [flops / fma, bytes / copy];
  const share = Math.round((100 * Math.max(computing, moving)) / mine);
  return `${share} % ${computing > moving ? "compute" : "memory"}`;
}

/** Kernels of the library beside the same composed of np and nn, beside whoever is best of the others, and the machine's roof. */
export function kernelTable(rows, threads) {
  const shown = rows.filter((r) => r.group === "kernels");
  if (shown.length === 0) return undefined;
  const roofs = roofsOf(rows);
  const head = threads.map((n) => `${n} thread${n === 1 ? "" : "s"} | / composed | / native | / JS | of the roof`);
  const lines = [`| kernel | ${head.join(" | ")} |`, `|---|${threads.map(() => "---|---|---|---|---|").join("")}`];
  for (const row of shown) {
    const cells = threads.map((n) => {
      const others = [["composed"], NATIVE, SCRIPT].map((peers) => ratio(bestOf(row.results, peers, n)));
      return [time(row.results[`ours:${n}`]?.ms), ...others, bindingRoof(row, n, roofs)].join(" | ");
    });
    lines.push(`| ${row.id.replace("kernel: ", "")} | ${cells.join(" | ")} |`);
  }
  return lines.join("\n");
}

/** Time of a program over a named size as a share of what a program of the size alone takes: a row for each function, a column for each size. */
export function dynamicTable(rows, threads) {
  const named = rows.map((row) => ({ ...row, ...row.id.match(/^dynamic (?<name>.*) at (?<size>\d+)$/).groups }));
  const sizes = [...new Set(named.map((r) => r.size))];
  const names = [...new Set(named.map((r) => r.name))];
  const some = (n) => (n === 1 ? "1 thread" : `${n} threads`);
  return threads
    .map((n) => {
      const cell = (name, size) => {
        const results = named.find((r) => r.name === name && r.size === size)?.results;
        const against = results?.[`static:${n}`];
        return against?.ratio?.toFixed(2) ?? results?.[`ours:${n}`]?.reason ?? against?.reason ?? "–";
      };
      return [
        `| dynamic / static, ${some(n)} | ${sizes.join(" | ")} |`,
        `|---|${sizes.map(() => "---|").join("")}`,
        ...names.map((name) => `| ${name} | ${sizes.map((size) => cell(name, size)).join(" | ")} |`),
      ].join("\n");
    })
    .join("\n\n");
}
