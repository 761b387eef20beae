// Runs in the browser: the same program with one thread and with several, and what `explain` says. Posts what it found.
import { array, configure, explain, grad, init, jit, nn, numpy as np, random } from "tilework";
import { load } from "./built/step.js";
import { step } from "./step.js";

/** The program that was built ahead of time, and the same compiled here. */
async function compareBuilt() {
  const wave = (n) => Float32Array.from({ length: n }, (_, i) => Math.sin(i * i + n));
  const [w, b, x, y] = [33 * 17, 17, 65 * 33, 65 * 17].map(wave);
  const built = (await load())({ w, b }, x, y);
  const tensors = [{ w: array(w).reshape([33, 17]), b: array(b) }, array(x).reshape([65, 33]), array(y).reshape([65, 17])];
  const jitted = jit(step)(...tensors);
  const flat = (r) => [r.loss, ...r.params.b, ...r.params.w];
  const expected = flat({
    loss: jitted.loss.item(),
    params: { b: jitted.params.b.dataSync(), w: jitted.params.w.dataSync() },
  });
  const different = flat(built).filter((v, i) => !Object.is(v, expected[i])).length;
  return { elements: expected.length, different };
}

async function main() {
  const query = new URLSearchParams(location.search);
  if (query.has("workerUrl")) configure({ workerUrl: query.get("workerUrl") });
  const wanted = 3;
  configure({ threads: wanted });
  const x = random.normal(random.key(0), [256, 192]);
  const w = random.normal(random.key(1), [192, 320]);
  const f = jit((a, b) => nn.softmax(np.tanh(np.dot(a, b))));
  const g = jit(grad((b, a) => np.sum(f(a, b).mul(f(a, b)))));
  const hash = async () => {
    const bytes = [f(x, w), g(w, x)].map((t) => new Uint8Array(t.dataSync().slice().buffer));
    let h = 0;
    for (const part of bytes) for (const b of part) h = (Math.imul(h, 31) + b) | 0;
    return h;
  };
  // before the workers are there
  const first = await hash();
  const { threads, reason } = await init();
  const later = [];
  for (let i = 0; i < 20; i++) later.push(await hash());
  configure({ threads: 1 });
  const single = await hash();
  configure({ threads: wanted });
  return {
    isolated: crossOriginIsolated,
    threads,
    reason,
    same: later.every((h) => h === first) && single === first,
    sum: np.sum(f(x, w)).item(),
    notes: explain(f)(x, w).notes,
    ...(query.has("built") ? { built: await compareBuilt() } : {}),
  };
}

main().then(
  (found) => fetch("/report", { method: "POST", body: JSON.stringify(found) }),
  (e) => fetch("/report", { method: "POST", body: JSON.stringify({ error: String(e?.stack ?? e) }) }),
);
