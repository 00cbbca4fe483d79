/** Types of chromium.mjs. */
export function chromiumPath(): string;
export const chromiumArguments: readonly string[];
