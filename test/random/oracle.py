"""Prints the numbers that bits.test.ts quotes: bits, keys, uniform and randint as JAX's documentation defines them.

Written from the definition (Salmon et al. 2011, and the counters that jax.random describes), with NumPy only and
independently of src/random, so that the two can check each other.

    python3 test/random/oracle.py
"""

import json

import numpy as np

np.seterr(over="ignore")
U32 = np.uint32


def threefry(key, x0, x1):
    rotations = [[13, 15, 26, 6], [17, 29, 16, 24]]
    ks = [U32(key[0]), U32(key[1]), U32(key[0]) ^ U32(key[1]) ^ U32(0x1BD11BDA)]
    a = (x0 + ks[0]).astype(U32)
    b = (x1 + ks[1]).astype(U32)
    for group in range(5):
        for r in rotations[group % 2]:
            a = a + b
            b = (b << U32(r)) | (b >> U32(32 - r))
            b = a ^ b
        a = a + ks[(group + 1) % 3]
        b = b + ks[(group + 2) % 3] + U32(group + 1)
    return a, b


def seed(s):
    return (U32(0), U32(s))


class Partitionable:
    @staticmethod
    def pair(key, n):
        i = np.arange(n, dtype=np.uint64)
        return threefry(key, (i >> np.uint64(32)).astype(U32), i.astype(U32))

    @classmethod
    def split(cls, key, n=2):
        return list(zip(*cls.pair(key, n)))

    @classmethod
    def bits(cls, key, width, n):
        a, b = cls.pair(key, n)
        if width == 64:
            return (a.astype(np.uint64) << np.uint64(32)) | b
        return (a ^ b).astype(f"uint{width}")


class Legacy:
    @staticmethod
    def words(key, n):
        c = np.arange(n, dtype=U32)
        if n % 2:
            c = np.append(c, U32(0))
        return np.concatenate(threefry(key, *np.split(c, 2)))[:n]

    @classmethod
    def split(cls, key, n=2):
        return [tuple(w) for w in cls.words(key, 2 * n).reshape(n, 2)]

    @classmethod
    def bits(cls, key, width, n):
        w = cls.words(key, -(-width * n // 32))
        if width == 64:
            high, low = np.split(w, 2)
            return (high.astype(np.uint64) << np.uint64(32)) | low
        return w.view(f"uint{width}")[:n]  # little endian


def uniform(mode, key, n, dtype):
    mantissa, width, one, drawn = {
        "f16": (10, 16, 0x3C00, 16), "bf16": (7, 16, 0x3F80, 8),
        "f32": (23, 32, 0x3F800000, 32), "f64": (52, 64, 0x3FF0000000000000, 64),
    }[dtype]
    u = np.dtype(f"uint{width}").type
    bits = (mode.bits(key, drawn, n).astype(u) >> u(drawn - mantissa)) | u(one)
    if dtype == "bf16":
        return (bits.astype(U32) << U32(16)).view(np.float32) - np.float32(1)
    return bits.view({"f16": np.float16, "f32": np.float32, "f64": np.float64}[dtype]) - 1


def randint(mode, key, n, low, high, dtype):
    info = np.iinfo(dtype)
    if info.bits < 32:
        return randint(mode, key, n, max(low, info.min), min(high, info.max + 1), "int32").astype(dtype)
    k1, k2 = mode.split(key)
    w = info.bits
    upper, lower = mode.bits(k1, w, n), mode.bits(k2, w, n)
    span = min(high, info.max) - max(low, info.min) + (1 if high > info.max else 0)
    if span == 2**w:
        offset = [int(x) for x in lower]
    else:
        m = 2 ** (w // 2) % span
        m = (m * m) % 2**w % span
        offset = [((int(x) % span) * m % 2**w + int(y) % span) % 2**w % span for x, y in zip(upper, lower)]
    return np.array([(max(low, info.min) + o + 2**63) % 2**64 - 2**63 if w == 64 and info.min < 0
                     else (max(low, info.min) + o) for o in offset], dtype=dtype if w < 64 else object)


out = {}
for name, mode in [("partitionable", Partitionable), ("legacy", Legacy)]:
    key = seed(42)
    out[name] = {
        "split3": [[int(w) for w in k] for k in mode.split(key, 3)],
        **{f"bits{w}": [str(x) for x in mode.bits(key, w, 5)] for w in (8, 16, 32, 64)},
        **{f"uniform {d}": [float(x) for x in uniform(mode, key, 4, d)] for d in ("f16", "bf16", "f32", "f64")},
        "randint i32 -7 1000": [int(x) for x in randint(mode, key, 5, -7, 1000, "int32")],
        "randint u8 0 256": [int(x) for x in randint(mode, key, 5, 0, 256, "uint8")],
        "randint i8 -100 100": [int(x) for x in randint(mode, key, 5, -100, 100, "int8")],
        "randint i16 -300 32768": [int(x) for x in randint(mode, key, 5, -300, 32768, "int16")],
        "randint u16 5 6": [int(x) for x in randint(mode, key, 5, 5, 6, "uint16")],
        "randint u32 0 2^32": [int(x) for x in randint(mode, key, 5, 0, 2**32, "uint32")],
        "randint u32 10 3e9": [int(x) for x in randint(mode, key, 5, 10, 3000000000, "uint32")],
        "randint i64 -5e12 7e15": [str(x) for x in randint(mode, key, 5, -5 * 10**12, 7 * 10**15, "int64")],
        "randint u64 0 2^64": [str(x) for x in randint(mode, key, 5, 0, 2**64, "uint64")],
        "randint u64 3 1000": [str(x) for x in randint(mode, key, 5, 3, 1000, "uint64")],
    }
print(json.dumps(out, indent=1))
