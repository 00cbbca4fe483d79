/** The bundled, minified text of probe.ts (see the build script). */
declare const text: string;
export default text;
