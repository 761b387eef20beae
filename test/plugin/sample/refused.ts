import { jit } from "tilework";

export const f = jit((x) => {
  var y = x;
  try {
    y = x.add(1);
  } catch {}
  return y;
});
