// A number that no i32 holds, beside one.
import { kernel } from "tilework";
import { programId, type Ref, store } from "tilework/kernels";

const f = kernel(
  function f(out: Ref<"i32", [1]>) {
    store(out, [0], programId(0) + 3000000000);
    //              ^ TW8006
  },
  { out: { shape: [1], dtype: "i32" } },
);
export const y = f();
