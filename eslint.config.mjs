// Lint: type-aware TypeScript rules, and the one-way import directions of the design.
import tseslint from 'typescript-eslint';

/** Each room of src/ and the rooms that it may import. `tensor` and `protocol` are the ground. */
const rooms = {
  tensor: [],
  protocol: ['tensor'],
  network: ['tensor', 'protocol'],
  formats: ['tensor', 'protocol', 'network'],
  engine: ['tensor', 'protocol', 'network', 'formats'],
  listing: ['tensor', 'protocol', 'network', 'formats', 'engine'],
  debug: ['tensor', 'protocol', 'network', 'formats', 'engine', 'listing'],
  cli: ['tensor', 'protocol', 'network', 'formats', 'engine', 'listing'],
  editors: ['tensor', 'protocol', 'network', 'formats', 'engine', 'listing', 'debug'],
  panels: ['tensor', 'protocol', 'network', 'formats', 'engine', 'listing', 'debug', 'editors'],
  commands: ['tensor', 'protocol', 'network', 'formats', 'engine', 'listing', 'debug', 'editors', 'panels'],
};
const all = [...Object.keys(rooms), 'extension'];
const vscode = { name: 'vscode', message: 'Only editors, panels, commands, debug/vscode and extension.ts import vscode.' };
const importsVscode = new Set(['editors', 'panels', 'commands']);

/** Forbids relative imports of the named rooms (and of what lies beside src/) from files of one room. */
const forbid = (files, names, message, { ignores = [], paths = [] } = {}) => ({
  files, ignores,
  rules: { 'no-restricted-imports': ['error', { paths, patterns: names.length === 0 ? [] : [{ regex: `^(\\.\\./)+(src/)?(${names.join('|')})(/|$)`, message }] }] },
});
const directions = Object.entries(rooms).flatMap(([room, allowed]) => {
  const others = [...all.filter((other) => other !== room && !allowed.includes(other)), 'webview', 'test'];
  const message = `src/${room} may import only: ${allowed.join(', ') || 'nothing'}.`;
  const rule = (files, paths) => forbid(files, others, message, { paths });
  return room === 'debug'
    ? [rule(['src/debug/**/*.ts'], [vscode]), rule(['src/debug/vscode/**/*.ts'], [])]
    : [rule([`src/${room}/**/*.ts`], importsVscode.has(room) ? [] : [vscode])];
});
const webviewImports = forbid(['webview/**/*.{ts,tsx}'], all.filter((room) => room !== 'tensor' && room !== 'protocol'), 'webview imports only protocol and tensor.', { paths: [vscode] });

export default tseslint.config(
  { ignores: ['node_modules/', 'dist/', '.native/', '.vscode-test/', 'test/out/', 'test/fixtures/', 'media/', 'src/**/assembly/**'] },
  {
    files: ['**/*.ts', '**/*.tsx'],
    extends: [tseslint.configs.recommendedTypeChecked],
    languageOptions: { parserOptions: { project: ['src/tsconfig.json', 'webview/tsconfig.json', 'test/tsconfig.json'], tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-non-null-assertion': 'error',
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'separate-type-imports' }],
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      'no-eval': 'error', 'no-implied-eval': 'off', '@typescript-eslint/no-implied-eval': 'error', 'no-new-func': 'error',
      'no-restricted-properties': ['error', { property: 'innerHTML' }, { property: 'outerHTML' }, { property: 'insertAdjacentHTML' }],
      'max-lines': ['error', { max: 400 }],
    },
  },
  ...directions,
  webviewImports,
  {
    files: ['test/**/*.ts', 'test/**/*.tsx'],
    rules: { '@typescript-eslint/no-non-null-assertion': 'off', '@typescript-eslint/no-unused-expressions': 'off' },
  },
);
