// A number that the dtype of the out does not hold.
import { kernel } from "tilework";
import { type Ref, store } from "tilework/kernels";

const f = kernel(
  function f(out: Ref<"u8", [1]>) {
    store(out, [0], 300);
    //^ TW8006
  },
  { out: { shape: [1], dtype: "u8" } },
);
export const y = f();
