// What the two builds of ONNX Runtime share: they differ in how a session is made.
import { cannot, graphs } from "./onnx-graphs.mjs";
import { Graph } from "./onnx.mjs";

export function ortPeer(ort, version, createSession) {
  const tensor = ([data, shape]) => new ort.Tensor(data instanceof Int32Array ? "int32" : "float32", data, shape);
  const tensors = (feeds) => Object.fromEntries(Object.entries(feeds).map(([name, feed]) => [name, tensor(feed)]));
  const kinds = {};
  for (const [kind, build] of Object.entries(graphs)) {
    kinds[kind] = async (workload, data) => {
      const built = build(workload, data);
      if (typeof built === "string") return built;
      const session = await createSession(built.model);
      if (built.next !== undefined) return trainer(session, built);
      const feeds = tensors(built.feeds);
      const read = built.read ?? ((arrays) => arrays);
      return {
        run: () => session.run(feeds),
        outputs: async () => {
          const results = await session.run(feeds);
          return read(built.outputs.map((name) => results[name].data));
        },
      };
    };
  }
  const trainer = (session, { feeds, outputs, next, shown }) => {
    const step = async (state) => {
      const results = await session.run(state.feeds);
      state.loss = results[outputs[0]];
      for (const [name, output] of Object.entries(next)) state.feeds[name] = results[output];
    };
    const state = { feeds: tensors(feeds) };
    return {
      run: () => step(state),
      outputs: async () => {
        const s = { feeds: tensors(feeds) };
        const losses = [];
        let after = [];
        for (let i = 0; i < 3; i++) {
          await step(s);
          losses.push(s.loss.data[0]);
          if (i === 0) after = shown.map((name) => s.feeds[name].data.slice());
        }
        return [Float32Array.from(losses), ...after];
      },
    };
  };
  kinds.randomNormal = async ({ size }) => {
    const g = new Graph();
    const y = g.output(g.add("RandomNormal", [], { shape: [size] }), [size]);
    const session = await createSession(g.model());
    const run = () => session.run({});
    const outputs = async () => {
      const x = (await run())[y].data;
      let [sum, squares] = [0, 0];
      for (const v of x) {
        sum += v;
        squares += v * v;
      }
      return [Float32Array.of(squares / size, sum / size + 1)];
    };
    return { run, outputs };
  };
  kinds.dispatch = async ({ calls }) => {
    const g = new Graph();
    const y = g.output(g.add("Add", [g.input("a", []), g.input("b", [])]), []);
    const session = await createSession(g.model());
    const feeds = tensors({ a: [Float32Array.of(1), []], b: [Float32Array.of(2), []] });
    const run = async () => {
      let results;
      for (let i = 0; i < calls; i++) results = await session.run(feeds);
      return results;
    };
    return { run, outputs: async () => [(await run())[y].data] };
  };
  return { version, kinds, cannot };
}
