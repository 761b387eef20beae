import { excerptAtHand } from "./excerpt-at-hand.js";
import { type Code, HELP } from "./help.js";
import { currentSpan, printSpan, type Span, type SpanRef } from "./span.js";

/** A place that has to do with a finding, and what to say about it. */
export interface Label {
  readonly span: Span;
  readonly text: string;
}

/** One finding, as data; rendered late for a terminal, a thrown error, an editor or JSON. */
export interface Diagnostic {
  readonly code: Code;
  readonly severity: "error" | "warning";
  /** One sentence that names the op, the culprit and both sides of what disagrees. */
  readonly message: string;
  /** What to do about it. */
  readonly help?: string;
  readonly span?: Span;
  /** What stands under the culprit in an excerpt of the source. */
  readonly label?: string;
  /** Other places that have to do with it: where operands were made, the other branch, the declaration. */
  readonly labels?: readonly Label[];
  readonly notes?: readonly string[];
}

const BRAND = Symbol.for("tilework.error");

/**
 * The one error class that users of Tilework meet. `code` names the kind of mistake, `diagnostic` holds the facts.
 *
 * @example
 * try { np.add(np.ones([2]), np.ones([3])) } catch (e) { if (isTileworkError(e)) console.log(e.code) }
 */
export class TileworkError extends Error {
  readonly diagnostic: Diagnostic;
  readonly [BRAND] = true;
  constructor(diagnostic: Diagnostic, options?: { cause?: unknown }) {
    super(renderDiagnostic(diagnostic), options);
    this.name = "TileworkError";
    this.diagnostic = diagnostic;
  }
  get code(): Code {
    return this.diagnostic.code;
  }
  /** The page that explains this code. */
  get docs(): string {
    return `docs/ERRORS.md#${this.code.toLowerCase()}`;
  }
}

/** True for a TileworkError, also for one thrown by another copy of Tilework in the same program. */
export function isTileworkError(e: unknown): e is TileworkError {
  return typeof e === "object" && e !== null && (e as { [BRAND]?: boolean })[BRAND] === true;
}

export interface FailOptions {
  help?: string;
  /** Where the mistake stands; the caller's own position when left out. */
  span?: SpanRef | Span | undefined;
  label?: string;
  labels?: readonly Label[];
  notes?: readonly string[];
  cause?: unknown;
}

function resolveSpan(span: SpanRef | Span | undefined): Span | undefined {
  if (span === undefined) return currentSpan().resolve();
  return "resolve" in span ? span.resolve() : span;
}

export function makeDiagnostic(code: Code, message: string, options: FailOptions = {}): Diagnostic {
  const span = resolveSpan(options.span);
  const help = options.help ?? HELP[code];
  return {
    code,
    severity: "error",
    message,
    help,
    ...(span ? { span } : {}),
    ...(options.label ? { label: options.label } : {}),
    ...(options.labels?.length ? { labels: options.labels } : {}),
    ...(options.notes ? { notes: options.notes } : {}),
  };
}

/** Throws a located TileworkError. */
export function fail(code: Code, message: string, options: FailOptions = {}): never {
  throw new TileworkError(
    makeDiagnostic(code, message, options),
    options.cause === undefined ? undefined : { cause: options.cause },
  );
}

/** For what can only go wrong by a mistake of ours: users never see it unless Tilework has a bug. */
export function internal(message: string): never {
  throw new Error(`tilework internal error: ${message}. Please report this.`);
}

/** The message of a thrown error: plain text, with the lines of the source that are at hand. */
function renderDiagnostic(d: Diagnostic): string {
  const lines = [`${d.code}: ${d.message}`];
  if (d.span) lines.push(`  at ${printSpan(d.span)}`);
  const shown = excerptAtHand(d);
  for (const line of shown.lines) lines.push(`  ${line}`);
  for (const { span, text } of shown.rest) lines.push(`  note: ${text} (${printSpan(span)})`);
  for (const note of d.notes ?? []) lines.push(`  note: ${note}`);
  if (d.help) lines.push(`  help: ${d.help}`);
  return lines.join("\n");
}
