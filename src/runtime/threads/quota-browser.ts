/** Stands for quota.ts in bundles for browsers, whose pages have no quota and no limit of addresses (package.json, "browser"). */
import type * as node from "./quota.js";

export const cpuQuota: typeof node.cpuQuota = () => undefined;
export const scarceAddresses: typeof node.scarceAddresses = () => undefined;
