/** What `tilework explain CODE` tells beyond the title: why it is a mistake, with a program that makes it and one that doesn't. */
export interface Explanation {
  readonly explanation: string;
  /** A whole program; the caret comment stands under the culprit. Left out where no program can make the mistake by itself. */
  readonly bad?: string;
  readonly fixed?: string;
}
