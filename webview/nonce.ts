/**
 * Imported before the toolkit: it probes with a style element whether the browser knows `:focus-visible`, and gives it the nonce that it
 * finds in this meta element. The nonce is that of our own script.
 */
const meta = document.createElement('meta');
meta.setAttribute('property', 'csp-nonce');
meta.content = document.querySelector<HTMLScriptElement>('script[nonce]')?.nonce ?? '';
document.head.append(meta);
