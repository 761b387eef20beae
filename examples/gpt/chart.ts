/** The loss curve as an SVG picture. */

export interface Curve {
  readonly name: string;
  readonly color: string;
  readonly points: readonly (readonly [step: number, loss: number])[];
  /** Drawn thin and pale, for what is noisy. */
  readonly faint?: boolean;
  readonly dashed?: boolean;
}

const WIDTH = 720;
const HEIGHT = 420;
const MARGIN = { left: 64, right: 24, top: 44, bottom: 52 };

export function drawChart(title: string, curves: readonly Curve[]): string {
  const shown = curves.filter((c) => c.points.length > 0);
  const all = shown.flatMap((c) => c.points);
  const xTicks = ticks(0, Math.max(1, ...all.map(([step]) => step)));
  const yTicks = ticks(0, Math.max(...all.map(([, loss]) => loss)));
  const x = scale(xTicks, MARGIN.left, WIDTH - MARGIN.right);
  const y = scale(yTicks, HEIGHT - MARGIN.bottom, MARGIN.top);
  const [left, right] = [MARGIN.left, WIDTH - MARGIN.right];
  const bottom = HEIGHT - MARGIN.bottom;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="12">`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="white"/>`,
    text(WIDTH / 2, 22, title, 'text-anchor="middle" font-size="15"'),
    ...yTicks.map((t) => `<path d="M${left} ${round(y(t))}H${right}" stroke="#e4e4e4"/>`),
    ...yTicks.map((t) => text(left - 8, y(t) + 4, String(t), 'text-anchor="end"')),
    ...xTicks.map((t) => `<path d="M${round(x(t))} ${bottom}v5" stroke="#666"/>`),
    ...xTicks.map((t) => text(x(t), bottom + 20, t.toLocaleString("en"), 'text-anchor="middle"')),
    `<path d="M${left} ${MARGIN.top}V${bottom}H${right}" fill="none" stroke="#666"/>`,
    text((left + right) / 2, HEIGHT - 12, "step", 'text-anchor="middle"'),
    text(16, HEIGHT / 2, "loss (nats per character)", `text-anchor="middle" transform="rotate(-90 16 ${HEIGHT / 2})"`),
    ...shown.map((c) => drawCurve(c, x, y)),
    ...shown.filter((c) => !c.faint).flatMap((c, i) => legend(c, MARGIN.top + 8 + 18 * i)),
    "</svg>",
    "",
  ].join("\n");
}

function drawCurve({ points, color, faint, dashed }: Curve, x: Scale, y: Scale): string {
  const path = points.map(([step, loss], i) => `${i === 0 ? "M" : "L"}${round(x(step))} ${round(y(loss))}`).join("");
  const style = `stroke="${color}" stroke-width="${faint ? 0.6 : 2}"${faint ? ' opacity="0.4"' : ""}`;
  return `<path d="${path}" fill="none" stroke-linejoin="round" ${style}${dashed ? ' stroke-dasharray="6 4"' : ""}/>`;
}

function legend({ name, color, dashed }: Curve, at: number): string[] {
  const from = WIDTH - MARGIN.right - 190;
  const line = `<path d="M${from} ${at}h24" stroke="${color}" stroke-width="2"${dashed ? ' stroke-dasharray="6 4"' : ""}/>`;
  return [line, text(from + 32, at + 4, name, "")];
}

function text(x: number, y: number, content: string, attributes: string): string {
  const escaped = content.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
  return `<text x="${round(x)}" y="${round(y)}" ${attributes}>${escaped}</text>`;
}

const round = (n: number): number => Math.round(n * 10) / 10;

type Scale = (value: number) => number;
function scale(over: readonly number[], from: number, to: number): Scale {
  const [low, high] = [over[0], over[over.length - 1]];
  return (value) => from + ((value - low) / (high - low)) * (to - from);
}

/** Round numbers from `low` to at least `high`, at most eight of them. */
export function ticks(low: number, high: number): number[] {
  const range = high - low || 1;
  const rough = range / 7;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((m) => m * power).find((s) => s >= rough) ?? rough;
  const count = Math.max(1, Math.ceil(range / step - 1e-9));
  return Array.from({ length: count + 1 }, (_, i) => Number((low + i * step).toPrecision(6)));
}
