/**
 * The controls, in one place: @vscode/webview-ui-toolkit (no longer developed, so nothing else imports it) for buttons, text fields and the
 * progress ring, and small ones of our own for what it lacks.
 */
import { provideVSCodeDesignSystem, vsCodeButton, vsCodeDropdown, vsCodeOption, vsCodeProgressRing, vsCodeTextField } from '@vscode/webview-ui-toolkit';
import type { ComponentChildren, JSX, Ref } from 'preact';
import { createElement } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';

provideVSCodeDesignSystem().register(vsCodeButton(), vsCodeDropdown(), vsCodeOption(), vsCodeProgressRing(), vsCodeTextField());

interface ButtonProps {
  readonly appearance?: 'primary' | 'secondary' | 'icon';
  readonly label?: string;
  readonly disabled?: boolean;
  readonly pressed?: boolean;
  readonly onClick: () => void;
  readonly children: ComponentChildren;
}

/** A button; `label` is its name where the content is a symbol. */
export function Button({ appearance = 'secondary', label, disabled = false, pressed, onClick, children }: ButtonProps): JSX.Element {
  return createElement('vscode-button', { appearance, title: label, 'aria-label': label, 'aria-pressed': pressed, disabled, onClick } as object, children);
}

/** A spinning ring; still when motion is reduced. */
export function ProgressRing(): JSX.Element {
  return createElement('vscode-progress-ring', { 'aria-hidden': 'true' } as object);
}

interface SearchProps {
  readonly label: string;
  readonly value: string;
  readonly inputRef?: Ref<HTMLElement>;
  readonly onInput: (text: string) => void;
  readonly onKeyDown: (event: KeyboardEvent) => void;
  readonly children?: ComponentChildren;
}

/** A search field. */
export function SearchField({ label, value, inputRef, onInput, onKeyDown, children }: SearchProps): JSX.Element {
  const input = (event: Event): void => onInput((event.currentTarget as HTMLElement & { value: string }).value);
  // The element gives itself a name when it is connected.
  const ref = (element: HTMLElement | null): void => {
    element?.setAttribute('aria-label', label);
    if (typeof inputRef === 'function') inputRef(element);
    else if (inputRef != null) inputRef.current = element;
  };
  // Preact's typings know no custom elements: their properties are plain objects to it.
  return createElement('vscode-text-field', { ref, placeholder: label, 'aria-label': label, value, onInput: input, onKeyDown } as object, children);
}

interface ChoiceProps<Value extends string> {
  readonly label: string;
  readonly value: Value;
  readonly options: readonly { readonly value: Value; readonly label: string }[];
  readonly disabled?: boolean;
  readonly onChoose: (value: Value) => void;
}

/** A dropdown. */
export function Choice<Value extends string>({ label, value, options, disabled = false, onChoose }: ChoiceProps<Value>): JSX.Element {
  const list = useRef<HTMLElement & { value: string }>(null);
  // The element takes a value only once its options are there.
  useLayoutEffect(() => { if (list.current !== null && list.current.value !== value) list.current.value = value; }, [value, options.length]);
  const onChange = (): void => {
    const chosen = options.find((option) => option.value === list.current?.value);
    if (chosen !== undefined && chosen.value !== value) onChoose(chosen.value);
  };
  return createElement('vscode-dropdown', { ref: list, 'aria-label': label, title: label, disabled, onChange } as object,
    options.map((option) => createElement('vscode-option', { key: option.value, value: option.value, selected: option.value === value } as object, option.label)));
}

interface FieldProps { readonly label: string; readonly value: string; readonly disabled?: boolean; readonly invalid?: boolean; readonly onCommit: (text: string) => void }

/** A text field whose text counts on Enter or when it is left; Escape takes the change back. */
export function TextField({ label, value, disabled = false, invalid = false, onCommit }: FieldProps): JSX.Element {
  const field = useRef<HTMLElement & { value: string }>(null);
  useLayoutEffect(() => { if (field.current !== null) field.current.value = value; }, [value]);
  // The element gives itself a name when it is connected.
  useLayoutEffect(() => field.current?.setAttribute('aria-label', label), [label]);
  const commit = (): void => { if (field.current !== null && field.current.value !== value) onCommit(field.current.value); };
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key === 'Enter') commit();
    else if (event.key === 'Escape' && field.current !== null) field.current.value = value;
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  return createElement('vscode-text-field', { ref: field, 'aria-label': label, title: label, disabled, 'aria-invalid': invalid, onKeyDown, onChange: commit, spellcheck: false } as object);
}

interface TabsProps<Id extends string> {
  readonly tabs: readonly { readonly id: Id; readonly label: string }[];
  readonly active: Id;
  readonly onSelect: (id: Id) => void;
}

/** A row of tabs in the look of VS Code's panels; arrow keys move, as the ARIA pattern asks. */
export function Tabs<Id extends string>({ tabs, active, onSelect }: TabsProps<Id>): JSX.Element {
  const row = useRef<HTMLDivElement>(null);
  const onKeyDown = (event: KeyboardEvent): void => {
    const step = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0;
    const index = tabs.findIndex(({ id }) => id === active);
    const next = tabs[(index + step + tabs.length) % tabs.length];
    if (step === 0 || next === undefined) return;
    event.preventDefault();
    onSelect(next.id);
    row.current?.querySelector<HTMLElement>(`[data-tab="${next.id}"]`)?.focus();
  };
  return (
    <div class="tabs" role="tablist" ref={row} onKeyDown={onKeyDown}>
      {tabs.map(({ id, label }) => (
        <button key={id} type="button" role="tab" id={`tab-${id}`} data-tab={id} aria-selected={id === active} aria-controls={`tabpanel-${id}`}
          tabIndex={id === active ? 0 : -1} onClick={() => onSelect(id)}>{label}</button>
      ))}
    </div>
  );
}

interface SplitProps {
  /** Width of the left part in pixels. */
  readonly width: number;
  readonly min: number;
  readonly max: number;
  readonly label: string;
  readonly onResize: (width: number) => void;
}

/** The bar between two parts: dragged by pointer, or moved by the arrow keys. */
export function SplitBar({ width, min, max, label, onResize }: SplitProps): JSX.Element {
  const clamp = (value: number): number => Math.round(Math.max(min, Math.min(max, value)));
  const onPointerDown = (event: JSX.TargetedPointerEvent<HTMLDivElement>): void => {
    const bar = event.currentTarget;
    const start = event.clientX - width;
    bar.setPointerCapture(event.pointerId);
    const move = (moved: PointerEvent): void => onResize(clamp(moved.clientX - start));
    bar.addEventListener('pointermove', move);
    bar.addEventListener('lostpointercapture', () => bar.removeEventListener('pointermove', move), { once: true });
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    const step = event.key === 'ArrowLeft' ? -16 : event.key === 'ArrowRight' ? 16 : 0;
    if (step !== 0) onResize(clamp(width + step));
  };
  return (
    <div class="split-bar" role="separator" aria-orientation="vertical" aria-label={label} aria-valuenow={width} aria-valuemin={min} aria-valuemax={max}
      tabIndex={0} onPointerDown={onPointerDown} onKeyDown={onKeyDown} />
  );
}
