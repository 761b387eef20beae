export const tolerance = 1e-6;
export const settings = { slope: 0.25, layers: { count: 2 } };
