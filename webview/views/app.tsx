/** Which of the views is shown: the first event of the host decides. */
import type { JSX } from 'preact';
import { notify, useStore } from '../store';
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

export function App(): JSX.Element {
  const content = useStore((state) => state.content);
  switch (content.mode) {
    case 'waiting': return <div class="whole" role="status"><ProgressRing /><p>Opening …</p></div>;
    case 'failed': return <div class="whole failed" role="alert"><h1>This cannot be shown</h1><p>{content.message}</p></div>;
    case 'model': return <><Model graph={content.graph} canStep={content.canStep} version={content.version} /><Notice /></>;
    case 'comparison': return <><Compare compare={content.compare} /><Notice /></>;
    case 'architectures': return <Architectures architectures={content.architectures.architectures} />;
    case 'inspect': return <><Inspect looks={content.inspect.looks} /><Notice /></>;
    case 'run': return <><Run run={content.run} /><Notice /></>;
  }
}
