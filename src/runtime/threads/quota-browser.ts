/** Stands for quota.ts in bundles for browsers, whose pages have no quota (package.json, "browser"). */
import type * as node from "./quota.js";

export const cpuQuota: typeof node.cpuQuota = () => undefined;
