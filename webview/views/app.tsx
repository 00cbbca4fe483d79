/** Which of the views is shown: the first event of the host decides. */
import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { emit } from '../channel';
import { notify, openAgain, useStore } from '../store';
import { Button, ProgressRing } from '../controls';
import { Architectures } from './architectures';
import { Compare } from './compare';
import { Inspect } from './inspect';
import { Model } from './model';
import { Run } from './run';

function Notice(): JSX.Element | null {
  const notice = useStore((state) => state.notice);
  if (notice === null) return null;
  return <div class="notice" role="alert"><span>{notice}</span><Button appearance="icon" label="Dismiss" onClick={() => notify(null)}>✕</Button></div>;
}

/** How long (ms) a file is awaited before it can be stopped: most are there by then. */
const patience = 1500;

function Waiting({ name }: { readonly name: string | null }): JSX.Element {
  const [long, setLong] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setLong(true), patience);
    return () => clearTimeout(timer);
  }, []);
  return (
    <div class="whole" role="status">
      <ProgressRing /><p>{name === null || name === '' ? 'Opening …' : `Opening ${name} …`}</p>
      {long && name !== null && <Button appearance="secondary" label="Stop opening the file" onClick={() => emit({ type: 'stop' })}>Cancel</Button>}
    </div>
  );
}

export function App(): JSX.Element {
  const content = useStore((state) => state.content);
  switch (content.mode) {
    case 'waiting': return <Waiting name={content.name} />;
    case 'failed': return <div class="whole failed" role="alert"><h1>This cannot be shown</h1><p>{content.message}</p>{content.again && <Button appearance="secondary" label="Read the file once more" onClick={openAgain}>Open Again</Button>}</div>;
    case 'model': return <><Model graph={content.graph} canStep={content.canStep} version={content.version} /><Notice /></>;
    case 'comparison': return <><Compare compare={content.compare} /><Notice /></>;
    case 'architectures': return <Architectures architectures={content.architectures.architectures} />;
    case 'inspect': return <><Inspect looks={content.inspect.looks} /><Notice /></>;
    case 'run': return <><Run run={content.run} /><Notice /></>;
  }
}
