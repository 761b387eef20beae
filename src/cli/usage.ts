/** The command line itself is wrong; the message is one sentence. */
export class UsageError extends Error {}
