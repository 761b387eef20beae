// Just enough of ONNX's protobuf to write a model: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto gives the field numbers.

const FLOAT = 1;
const INT32 = 6;
const INT64 = 7;

function varint(n) {
  const bytes = [];
  let rest = BigInt.asUintN(64, BigInt(n));
  do {
    const low = Number(rest & 127n);
    rest >>= 7n;
    bytes.push(rest > 0n ? low | 128 : low);
  } while (rest > 0n);
  return Buffer.from(bytes);
}
const integer = (field, value) => Buffer.concat([varint(field << 3), varint(value)]);
function bytes(field, content) {
  const body = typeof content === "string" ? Buffer.from(content) : content;
  return Buffer.concat([varint((field << 3) | 2), varint(body.length), body]);
}
function float(field, value) {
  const body = Buffer.alloc(4);
  body.writeFloatLE(value);
  return Buffer.concat([varint((field << 3) | 5), body]);
}

function attribute(name, value) {
  const parts = [bytes(1, name)];
  if (typeof value === "string") parts.push(bytes(4, value), integer(20, 3));
  else if (Array.isArray(value)) parts.push(...value.map((v) => integer(8, v)), integer(20, 7));
  else if (typeof value === "object") parts.push(float(2, value.float), integer(20, 1));
  else parts.push(integer(3, value), integer(20, 2));
  return Buffer.concat(parts);
}

function valueInfo(name, shape, type) {
  const dims = shape.map((d) => bytes(1, integer(1, d)));
  const tensor = Buffer.concat([integer(1, type), bytes(2, Buffer.concat(dims))]);
  return Buffer.concat([bytes(1, name), bytes(2, bytes(1, tensor))]);
}

const typeOf = (data) => (data instanceof Float32Array ? FLOAT : data instanceof Int32Array ? INT32 : INT64);

/** A graph under construction: `g.add("MatMul", [a, b])` gives the new value's name. */
export class Graph {
  #nodes = [];
  #inputs = [];
  #outputs = [];
  #initializers = [];
  #count = 0;

  /** A value given at each run. */
  input(name, shape, type = FLOAT) {
    this.#inputs.push(bytes(11, valueInfo(name, shape, type)));
    return name;
  }

  /** A constant: a typed array (weights, which the runtime may pack), or numbers as int64 (shapes and axes). */
  constant(data, shape) {
    const name = `c${this.#count++}`;
    const array = Array.isArray(data) ? BigInt64Array.from(data, BigInt) : data;
    const dims = shape ?? [array.length];
    const raw = Buffer.from(array.buffer, array.byteOffset, array.byteLength);
    const tensor = [...dims.map((d) => integer(1, d)), integer(2, typeOf(array)), bytes(8, name), bytes(9, raw)];
    this.#initializers.push(bytes(5, Buffer.concat(tensor)));
    return name;
  }

  scalar(value) {
    return this.constant(Float32Array.of(value), []);
  }

  /** Adds a node; with `outputs` > 1 gives a list of names. A float attribute is written { float: x }. */
  add(op, operands, attributes = {}, outputs = 1) {
    const names = Array.from({ length: outputs }, () => `v${this.#count++}`);
    const node = [
      ...operands.map((x) => bytes(1, x)),
      ...names.map((x) => bytes(2, x)),
      bytes(4, op),
      ...Object.entries(attributes).map(([name, value]) => bytes(5, attribute(name, value))),
    ];
    this.#nodes.push(bytes(1, Buffer.concat(node)));
    return outputs === 1 ? names[0] : names;
  }

  output(value, shape) {
    this.#outputs.push(bytes(12, valueInfo(value, shape, FLOAT)));
    return value;
  }

  /** The model's bytes. */
  model(opset = 20) {
    const graph = [...this.#nodes, bytes(2, "bench"), ...this.#initializers, ...this.#inputs, ...this.#outputs];
    const model = [integer(1, 9), bytes(7, Buffer.concat(graph)), bytes(8, integer(2, opset))];
    return Buffer.concat(model);
  }
}
