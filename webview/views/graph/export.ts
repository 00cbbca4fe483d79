/** Saves the graph as a picture where the person chooses. */
import { request } from '../../channel';
import type { Tint } from '../../render/graph/colors';
import type { Drawing } from '../../render/graph/model';
import { graphSvg, svgSize } from '../../render/graph/svg';
import type { SvgKey } from '../../render/graph/svg';
import { notify } from '../../store';
import { currentTheme } from '../../theme';

/** The end of a model file's name, which a picture of it does not keep. */
const modelFile = /\.(onnx|keras|h5|json|tflite|pb|pt2?|pth|ckpt|safetensors|npz)$/i;
/** Browsers draw no larger canvas reliably; larger graphs are scaled down. */
const largestSide = 8192;

async function pngOf(svg: string, width: number, height: number): Promise<ArrayBuffer> {
  const address = URL.createObjectURL(new Blob([svg], { type: 'image/svg+xml' }));
  try {
    const image = new Image();
    image.src = address;
    await image.decode();
    const scale = Math.min(2, largestSide / Math.max(width, height));
    const canvas = document.createElement('canvas');
    canvas.width = Math.max(1, Math.round(width * scale));
    canvas.height = Math.max(1, Math.round(height * scale));
    canvas.getContext('2d')?.drawImage(image, 0, 0, canvas.width, canvas.height);
    const blob = await new Promise<Blob | null>((resolve) => { canvas.toBlob(resolve, 'image/png'); });
    if (blob === null) throw new Error('This graph is too large for a PNG picture. Fold some groups, or save it as SVG.');
    return await blob.arrayBuffer();
  } finally {
    URL.revokeObjectURL(address);
  }
}

/** Asks the host to save what the drawing shows, folded groups as they are. */
export async function exportGraph(kind: 'svg' | 'png', drawing: Drawing, title: string, tints: ReadonlyMap<string, Tint>, key: SvgKey): Promise<void> {
  const theme = currentTheme();
  // VS Code's editors are transparent where the page's own background shows; a file needs one of its own.
  const background = theme.kind === 'light' || theme.kind === 'hcLight' ? '#ffffff' : theme.kind === 'hcDark' ? '#000000' : theme.background;
  const svg = graphSvg(drawing, title, { ...theme, background }, tints, key);
  try {
    const { width, height } = svgSize(drawing, key);
    const bytes = kind === 'svg' ? new TextEncoder().encode(svg).buffer : await pngOf(svg, width, height);
    await request('save', { name: `${title.replace(modelFile, '')}.${kind}`, bytes });
  } catch (error) {
    notify(error instanceof Error ? error.message : String(error));
  }
}
