/** The webview's start: styles, the views, and the handshake with the host. */
import './nonce';
import 'katex/dist/katex.min.css';
import 'uplot/dist/uPlot.min.css';
import './style/colors.css';
import './style/frame.css';
import './style/graph.css';
import './style/layers.css';
import './style/compare.css';
import './style/cell.css';
import './style/cards.css';
import './style/tensor.css';
import './style/inspect.css';
import './style/insight.css';
import { render } from 'preact';
import { emit, onHostEvent } from './channel';
import { receive } from './store';
import { App } from './views/app';

onHostEvent(receive);
const root = document.getElementById('root') ?? document.body.appendChild(document.createElement('div'));
root.id = 'root';
render(<App />, root);
emit({ type: 'ready' });
