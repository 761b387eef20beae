/** Products of tensors and convolutions. */
import { fail } from "../../diagnostics/error.js";
import { type Aval, aval, printAval } from "../aval.js";
import { type Dim, dimFloorDiv } from "../dim.js";
import type { DType } from "../dtype.js";
import type { ContractionOps } from "../ops/index.js";
import type { Rules } from "../rules.js";
import { accepts, bad, checkAxes, checkLength, differ, sameDtype } from "./check.js";
import type { AbstractEvalContext, AbstractEvalKind } from "./index.js";
import { windowSize } from "./reduction.js";

function operands(ctx: AbstractEvalContext, inputs: readonly Aval[], preferred: DType | null): DType {
  sameDtype(ctx, inputs);
  accepts(ctx, inputs[0], (d) => d !== "key" && d !== "bool", "numbers");
  return preferred ?? inputs[0].dtype;
}

export const contraction = {
  dot_general: (ctx, inputs, { lhsContract, rhsContract, lhsBatch, rhsBatch, preferred }) => {
    const [x, y] = inputs;
    const dtype = operands(ctx, inputs, preferred);
    checkAxes(ctx, [...lhsContract, ...lhsBatch], x.shape.length);
    checkAxes(ctx, [...rhsContract, ...rhsBatch], y.shape.length);
    if (lhsContract.length !== rhsContract.length || lhsBatch.length !== rhsBatch.length)
      bad(ctx, "lhs and rhs name different numbers of axes");
    lhsContract.forEach((a, i) => {
      if (differ(x.shape[a], y.shape[rhsContract[i]])) {
        fail(
          "TW2003",
          `dot: contracting dimensions differ: ${printAval(x)} contracts axis ${a} (${String(x.shape[a])}), ${printAval(y)} contracts axis ${rhsContract[i]} (${String(y.shape[rhsContract[i]])})`,
          {
            span: ctx.span,
            help: "transpose one side, or reshape it so that these two sizes agree",
          },
        );
      }
    });
    lhsBatch.forEach((a, i) => {
      if (differ(x.shape[a], y.shape[rhsBatch[i]]))
        fail(
          "TW2001",
          `dot: batch sizes differ: axis ${a} of ${printAval(x)}, axis ${rhsBatch[i]} of ${printAval(y)}`,
          { span: ctx.span, help: "give both sides the same batch size" },
        );
    });
    const shape = [
      ...lhsBatch.map((a) => x.shape[a]),
      ...x.shape.filter((_, i) => !lhsContract.includes(i) && !lhsBatch.includes(i)),
      ...y.shape.filter((_, i) => !rhsContract.includes(i) && !rhsBatch.includes(i)),
    ];
    return [aval(shape, dtype, x.weak === true && y.weak === true)];
  },
  conv_general_dilated: (ctx, inputs, p) => {
    const [x, w] = inputs;
    const dtype = operands(ctx, inputs, p.preferred);
    const rank = x.shape.length;
    if (w.shape.length !== rank || rank < 2) {
      fail("TW2007", `conv: input and filter must have one rank of at least 2: ${printAval(x)} and ${printAval(w)}`, {
        span: ctx.span,
        help: "give the input [batch, features, ...space] and the filter [out, in, ...space] in any layout",
      });
    }
    for (const spec of [p.lhsSpec, p.rhsSpec, p.outSpec]) {
      checkLength(ctx, "a layout", spec, rank);
      checkAxes(ctx, spec, rank);
    }
    for (const [name, list] of Object.entries({
      strides: p.strides,
      padding: p.padding,
      lhsDilation: p.lhsDilation,
      rhsDilation: p.rhsDilation,
    })) {
      checkLength(ctx, name, list, rank - 2);
      if (list.flat().some((n) => !Number.isInteger(n))) bad(ctx, `${name} [${list.join(", ")}]`, "give whole numbers");
    }
    const [batch, features] = [x.shape[p.lhsSpec[0]], x.shape[p.lhsSpec[1]]];
    const [outFeatures, inFeatures] = [w.shape[p.rhsSpec[0]], w.shape[p.rhsSpec[1]]];
    const { featureGroupCount: groups, batchGroupCount: batchGroups } = p;
    if (typeof features === "number" && typeof inFeatures === "number" && features !== inFeatures * groups) {
      fail(
        "TW2003",
        `conv: the input ${printAval(x)} has ${features} features, the filter ${printAval(w)} takes ${inFeatures}${groups > 1 ? ` in each of ${groups} groups` : ""}`,
        { span: ctx.span, help: "the filter's input features times the groups must equal the input's features" },
      );
    }
    if (groups < 1 || batchGroups < 1 || (groups > 1 && batchGroups > 1))
      bad(ctx, `${groups} feature groups with ${batchGroups} batch groups`);
    if (typeof outFeatures === "number" && (outFeatures % groups !== 0 || outFeatures % batchGroups !== 0))
      bad(ctx, `${outFeatures} output features do not divide into ${Math.max(groups, batchGroups)} groups`);
    if (typeof batch === "number" && batch % batchGroups !== 0)
      bad(ctx, `a batch of ${batch} does not divide into ${batchGroups} groups`);
    const out: Dim[] = Array.from({ length: rank }, () => 0);
    out[p.outSpec[0]] = batchGroups === 1 ? batch : dimFloorDiv(batch, batchGroups);
    out[p.outSpec[1]] = outFeatures;
    for (let i = 0; i < rank - 2; i++) {
      out[p.outSpec[i + 2]] = windowSize(
        ctx,
        x.shape[p.lhsSpec[i + 2]],
        w.shape[p.rhsSpec[i + 2]],
        p.strides[i],
        p.padding[i],
        p.lhsDilation[i],
        p.rhsDilation[i],
      );
    }
    return [aval(out, dtype)];
  },
} satisfies Rules<ContractionOps, AbstractEvalKind>;
