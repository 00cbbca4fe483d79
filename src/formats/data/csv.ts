/** CSV tables: columns chosen by name, numbers or classes by their text. */
import { CsvError, parse } from 'csv-parse/sync';
import { Failure, sentenceOf } from '../../tensor/failure';
import type { TensorValue } from '../../tensor/value';
import { displayName } from '../../network/order';
import { readWhole } from './whole-file';

/** A table of numbers as text takes many times its bytes when it is taken apart. */
const maximalTable = 256 * 2 ** 20;

export interface CsvTable {
  readonly path: string;
  readonly columns: readonly string[];
  /** Cells by row, then column, as text. */
  readonly rows: readonly (readonly string[])[];
}

/** Reads a table whose first row names its columns; byte-order mark, quotes and line breaks in fields are understood. */
export async function readCsv(path: string): Promise<CsvTable> {
  const text = (await readWhole(path, maximalTable)).toString('utf8');
  let records: string[][];
  try {
    records = parse(text, { bom: true, skip_empty_lines: true, trim: true, delimiter: delimiterOf(text) });
  } catch (cause) {
    throw new Failure('data.csv', `${path} is not a readable CSV file: ${reasonOf(cause)}.`, { cause });
  }
  const [columns, ...rows] = records;
  if (columns === undefined || rows.length === 0) throw new Failure('data.csv', `${path} needs a first line with the names of its columns and at least one row below it.`);
  return { path, columns, rows };
}

/** What the parser finds wrong, by its codes, in words that need no manual; `line` is ` on line 7`. */
const reasons: Readonly<Partial<Record<CsvError['code'], (line: string, cells: number) => string>>> = {
  CSV_RECORD_INCONSISTENT_FIELDS_LENGTH: (line, cells) => `the row${line} has ${cells} cells, the first line has another number`,
  CSV_QUOTE_NOT_CLOSED: (line) => `a quoted cell that is still open${line} has no closing quote`,
  CSV_INVALID_CLOSING_QUOTE: (line) => `a quoted cell${line} goes on behind its closing quote`,
  CSV_NON_TRIMABLE_CHAR_AFTER_CLOSING_QUOTE: (line) => `a quoted cell${line} goes on behind its closing quote`,
  INVALID_OPENING_QUOTE: (line) => `a quote${line} stands inside a cell that is not quoted`,
};

function reasonOf(error: unknown): string {
  if (!(error instanceof CsvError)) return sentenceOf(error);
  const { code, record, lines, message } = error;
  return reasons[code]?.(typeof lines === 'number' ? ` on line ${lines}` : '', Array.isArray(record) ? record.length : 0) ?? message;
}

/** The separator that splits the first line into most fields, as spreadsheets in different countries write `,`, `;` or tab. */
function delimiterOf(text: string): string {
  const line = text.slice(0, text.search(/\r?\n|$/));
  const counts = [',', ';', '\t'].map((delimiter) => [line.split(delimiter).length, delimiter] as const);
  return counts.reduce((best, next) => (next[0] > best[0] ? next : best))[1];
}

function columnIndex(table: CsvTable, name: string): number {
  const index = table.columns.indexOf(name);
  if (index < 0) throw new Failure('data.column', `${table.path} has no column "${displayName(name)}"; its columns are ${columnNames(table)}.`);
  return index;
}

/** The first columns by name, for messages. */
const columnNames = ({ columns }: CsvTable): string => columns.slice(0, 20).map((column) => `"${displayName(column)}"`).join(', ') + (columns.length > 20 ? ` and ${columns.length - 20} more` : '');

function numberIn(table: CsvTable, row: number, column: number): number {
  const text = table.rows[row]?.[column] ?? '';
  const value = text === '' ? NaN : Number(text);
  if (Number.isFinite(value)) return value;
  const what = text === '' ? 'is empty' : `holds "${displayName(text)}", which is not a finite number`;
  // Row 1 is the first row below the column names; editors show it on line 2 when no field has line breaks.
  throw new Failure('data.number', `${table.path}: column "${displayName(table.columns[column] ?? '')}" ${what} in row ${row + 1}. Fill the cell or leave the row out.`);
}

/** The named columns as numbers, float32 `[rows, columns]`. @throws Failure naming column and row of the first cell that is no number. */
export function numericColumns(table: CsvTable, names: readonly string[]): TensorValue {
  const columns = names.map((name) => columnIndex(table, name));
  const data = new Float32Array(table.rows.length * columns.length);
  table.rows.forEach((_, row) => columns.forEach((column, i) => { data[row * columns.length + i] = numberIn(table, row, column); }));
  return { dtype: 'float32', shape: [table.rows.length, columns.length], data };
}

export interface LabelColumn { readonly values: TensorValue; readonly classes: readonly string[] | null }

/** A label column `[rows]`: numbers as they are; text (`yes`, `no`) as the index of its class, in alphabetical order. */
export function labelColumn(table: CsvTable, name: string): LabelColumn {
  const column = columnIndex(table, name);
  const cells = table.rows.map((row) => row[column] ?? '');
  const isText = (cell: string): boolean => cell !== '' && Number.isNaN(Number(cell));
  if (!cells.some(isText)) return { values: { ...numericColumns(table, [name]), shape: [table.rows.length] }, classes: null };
  const empty = cells.indexOf('');
  if (empty >= 0) throw new Failure('data.number', `${table.path}: column "${displayName(name)}" is empty in row ${empty + 1}. Fill the cell or leave the row out.`);
  const classes = [...new Set(cells)].sort();
  const places = new Map(classes.map((name, index) => [name, index]));
  return { values: { dtype: 'int32', shape: [cells.length], data: Int32Array.from(cells, (cell) => places.get(cell) ?? 0) }, classes };
}
