/** The text of probe.py. */
declare const text: string;
export default text;
