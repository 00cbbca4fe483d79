/** Widths of texts in the fonts of the page. */
import type { Measure } from '../../render/graph/layer-columns';
import { currentTheme } from '../../theme';

/** Measures texts of the table of layers, whose size is that of its style sheet. */
export function tableMeasure(): Measure {
  const context = document.createElement('canvas').getContext('2d');
  const size = 0.92 * parseFloat(getComputedStyle(document.body).fontSize);
  const { fontFamily } = currentTheme();
  return (text, bold) => {
    if (context === null) return text.length * size * 0.6;
    context.font = `${bold ? 600 : 400} ${size}px ${fontFamily}`;
    return context.measureText(text).width;
  };
}
