export function quantile(xs, q) {
  const sorted = [...xs].sort((a, b) => a - b);
  const at = (sorted.length - 1) * q;
  const low = Math.floor(at);
  return sorted[low] + (sorted[Math.min(low + 1, sorted.length - 1)] - sorted[low]) * (at - low);
}
export const median = (xs) => quantile(xs, 0.5);

/** The middle half's width relative to the median. */
export const spread = (xs) => (quantile(xs, 0.75) - quantile(xs, 0.25)) / median(xs);
