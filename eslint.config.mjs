// Lint: type-aware TypeScript rules, and the one-way import directions of the design.
import importX from 'eslint-plugin-import-x';
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
const all = [...Object.keys(rooms), 'extension.ts'];
const zones = [
  ...Object.entries(rooms).map(([room, allowed]) => ({
    target: `./src/${room}`,
    from: all.filter((other) => other !== room && !allowed.includes(other)).map((other) => `./src/${other}`),
    message: `src/${room} may import only: ${allowed.join(', ') || 'nothing'}.`,
  })),
  { target: './src', from: ['./webview', './test'], message: 'The product imports neither the webview nor tests.' },
  { target: './webview', from: all.filter((room) => room !== 'tensor' && room !== 'protocol').map((room) => `./src/${room}`), message: 'webview imports only protocol and tensor.' },
].flatMap(({ target, from, message }) => from.map((source) => ({ target, from: source, message })));

export default tseslint.config(
  { ignores: ['node_modules/', 'dist/', '.native/', '.vscode-test/', 'test/out/', 'test/fixtures/', 'media/', 'src/**/assembly/**'] },
  {
    files: ['**/*.ts', '**/*.tsx'],
    extends: [tseslint.configs.recommendedTypeChecked],
    languageOptions: { parserOptions: { project: ['src/tsconfig.json', 'webview/tsconfig.json', 'test/tsconfig.json'], tsconfigRootDir: import.meta.dirname } },
    plugins: { 'import-x': importX },
    settings: { 'import-x/resolver-next': [importX.createNodeResolver({ extensions: ['.ts', '.tsx', '.js'] })] },
    rules: {
      'import-x/no-restricted-paths': ['error', { zones }],
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
  {
    files: ['src/{tensor,protocol,network,formats,engine,listing,cli}/**/*.ts', 'src/debug/**/*.ts', 'webview/**/*.{ts,tsx}'],
    ignores: ['src/debug/vscode/**'],
    rules: { 'no-restricted-imports': ['error', { paths: [{ name: 'vscode', message: 'Only editors, panels, commands, debug/vscode and extension.ts import vscode.' }] }] },
  },
  {
    files: ['test/**/*.ts', 'test/**/*.tsx'],
    rules: { '@typescript-eslint/no-non-null-assertion': 'off', '@typescript-eslint/no-unused-expressions': 'off' },
  },
);
