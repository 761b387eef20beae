/** Draws digits as strokes of a pen: a new slant, size, place, thickness, wobble and noise each time. */

/** A small generator of numbers from 0 to 1 with a seed (mulberry32). */
export function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

type Point = readonly [x: number, y: number];
type Stroke = readonly Point[];

/** Part of an ellipse as points; angles in turns, 0 on the right and 0.25 at the bottom. */
function arc(cx: number, cy: number, rx: number, ry: number, from: number, to: number): Point[] {
  const n = 14;
  return Array.from({ length: n + 1 }, (_, i) => {
    const a = 2 * Math.PI * (from + ((to - from) * i) / n);
    return [cx + rx * Math.cos(a), cy + ry * Math.sin(a)] as const;
  });
}

/** Strokes in a box from (0, 0) above left to (1, 1.4) below right; some digits are written in two ways. */
const SHAPES: readonly (readonly (readonly Stroke[])[])[] = [
  [[arc(0.5, 0.7, 0.45, 0.65, 0, 1)]],
  [
    [[[0.5, 0.05], [0.5, 1.35]]],
    [[[0.25, 0.3], [0.55, 0.05], [0.55, 1.35]]],
  ],
  [
    [[...arc(0.5, 0.4, 0.4, 0.35, 0.5, 1.08), [0.1, 1.3], [0.92, 1.3]]],
    [[...arc(0.5, 0.4, 0.4, 0.35, 0.55, 1.1), [0.2, 1.2], [0.3, 1.1], [0.5, 1.25], [0.95, 1.25]]],
  ],
  [[[...arc(0.45, 0.37, 0.38, 0.33, 0.58, 1.25), ...arc(0.45, 1.02, 0.42, 0.33, 0.75, 1.42)]]],
  [
    [[[0.7, 1.35], [0.7, 0.05], [0.05, 0.95], [0.98, 0.95]]],
    [[[0.2, 0.1], [0.15, 0.75], [0.85, 0.75]], [[0.8, 0.1], [0.75, 1.35]]],
  ],
  [[[[0.88, 0.08], [0.25, 0.08], [0.18, 0.62], ...arc(0.45, 0.93, 0.42, 0.38, 0.68, 1.38)]]],
  [[[[0.75, 0.05], [0.35, 0.4], ...arc(0.5, 0.95, 0.38, 0.38, 0.55, 1.5)]]],
  [
    [[[0.08, 0.1], [0.92, 0.1], [0.38, 1.35]]],
    [[[0.08, 0.1], [0.92, 0.1], [0.38, 1.35]], [[0.3, 0.7], [0.85, 0.7]]],
  ],
  [[arc(0.5, 0.38, 0.33, 0.32, 0.25, 1.25), arc(0.5, 1.02, 0.4, 0.34, 0.75, 1.75)]],
  [
    [[...arc(0.48, 0.42, 0.36, 0.36, 0, 1), [0.84, 0.42], [0.7, 1.35]]],
    [[...arc(0.48, 0.42, 0.36, 0.36, 0, 1), ...arc(0.4, 0.95, 0.44, 0.38, 0, 0.38)]],
  ],
]; // biome-ignore format: a table of points

const SIDE = 28;

function distanceToSegment(x: number, y: number, [ax, ay]: Point, [bx, by]: Point): number {
  const [dx, dy] = [bx - ax, by - ay];
  const length = dx * dx + dy * dy;
  const t = length === 0 ? 0 : Math.min(1, Math.max(0, ((x - ax) * dx + (y - ay) * dy) / length));
  return Math.hypot(x - ax - t * dx, y - ay - t * dy);
}

/** One digit into 28 × 28 bytes. */
function drawDigit(digit: number, random: () => number, out: Uint8Array): void {
  const spread = (width: number): number => (random() * 2 - 1) * width;
  const ways = SHAPES[digit];
  const strokes = ways[Math.floor(random() * ways.length)];
  const [slant, turn] = [0.1 + spread(0.3), spread(0.18)];
  const [width, height] = [13 * (1 + spread(0.25)), 13 * (1 + spread(0.12))];
  const [left, top] = [SIDE / 2 + spread(2), SIDE / 2 + spread(2)];
  const pen = 1 + random() * 0.8;
  const [waveX, waveY, phase] = [spread(0.07), spread(0.07), random() * 6];
  const placed = strokes.map((stroke) =>
    stroke.map(([px, py]): Point => {
      const y0 = py - 0.7 + waveY * Math.sin(4 * px + phase) + spread(0.015);
      const x0 = px - 0.5 + waveX * Math.sin(4 * py + phase) - slant * y0 + spread(0.015);
      const [x, y] = [x0 * Math.cos(turn) - y0 * Math.sin(turn), x0 * Math.sin(turn) + y0 * Math.cos(turn)];
      return [left + x * width, top + y * height];
    }),
  );
  const ink = 200 + random() * 55;
  const grain = random() * 30;
  const distance = new Float64Array(SIDE * SIDE).fill(99);
  for (const stroke of placed) {
    for (let i = 1; i < stroke.length; i++) markDistance(distance, stroke[i - 1], stroke[i], pen + 0.5);
  }
  for (let k = 0; k < SIDE * SIDE; k++) {
    const cover = Math.min(1, Math.max(0, pen + 0.5 - distance[k]));
    out[k] = Math.min(255, Math.max(0, cover * ink + spread(grain)));
  }
}

/** Lowers the distances of the pixels that lie within `reach` of a segment. */
function markDistance(distance: Float64Array, a: Point, b: Point, reach: number): void {
  const range = (p: number, q: number): [number, number] => [
    Math.max(0, Math.floor(Math.min(p, q) - reach - 0.5)),
    Math.min(SIDE - 1, Math.ceil(Math.max(p, q) + reach - 0.5)),
  ];
  const [left, right] = range(a[0], b[0]);
  const [top, bottom] = range(a[1], b[1]);
  for (let row = top; row <= bottom; row++) {
    for (let column = left; column <= right; column++) {
      const at = row * SIDE + column;
      distance[at] = Math.min(distance[at], distanceToSegment(column + 0.5, row + 0.5, a, b));
    }
  }
}

/** `count` digits, each class equally often, in random order; the same for the same seed. */
export function drawDigits(count: number, seed: number): { images: Uint8Array; labels: Uint8Array; count: number } {
  const random = generator(seed);
  const images = new Uint8Array(count * SIDE * SIDE);
  const labels = Uint8Array.from({ length: count }, (_, i) => i % 10);
  for (let i = count - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [labels[i], labels[j]] = [labels[j], labels[i]];
  }
  for (let i = 0; i < count; i++) drawDigit(labels[i], random, images.subarray(i * SIDE * SIDE, (i + 1) * SIDE * SIDE));
  return { images, labels, count };
}
