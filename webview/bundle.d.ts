/** `./worker.text` is the bundled text of `worker.ts`: code that runs elsewhere than in the page. */
declare module '*.text' {
  const text: string;
  export default text;
}
