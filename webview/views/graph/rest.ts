/** Lets cytoscape's renderer rest: it would ask for every frame of the display, for ever, also when there is nothing to draw. */
import type { Core } from 'cytoscape';

/** What is used of the renderer, which cytoscape's typings lack. */
interface Renderer {
  destroyed: boolean;
  renderLoopStarted: boolean;
  requestedFrame: boolean;
  redraw(options?: object): void;
  startRenderLoop(): void;
  beforeRender(act: (willDraw: boolean) => void, priority: number): void;
}

/** Frames without drawing until it rests; cytoscape fills its caches in the first of them. */
const patience = 30;

/** Ends the loop of frames when nothing has been drawn for a while; the next change starts it again. */
export function restWhenIdle(cy: Core): void {
  const { renderer: of } = cy as unknown as { readonly renderer: () => Renderer };
  const renderer = of.call(cy);
  const redraw = renderer.redraw.bind(renderer);
  let idle = 0;
  renderer.redraw = (options) => {
    idle = 0;
    redraw(options);
    renderer.startRenderLoop();
  };
  renderer.beforeRender((willDraw) => {
    idle = willDraw || cy.animated() ? 0 : idle + 1;
    if (idle !== patience) return;
    // The loop ends only at a renderer that is destroyed. This one shall seem so to the loop's next turn alone: callbacks of a
    // frame run in the order in which they asked for it, this one before the loop's, the other after it.
    let stops = false;
    requestAnimationFrame(() => {
      stops = idle >= patience && !renderer.destroyed;
      if (stops) renderer.destroyed = true;
    });
    queueMicrotask(() => requestAnimationFrame(() => {
      if (!stops || cy.destroyed()) return;
      renderer.destroyed = false;
      renderer.renderLoopStarted = false;
    }));
  }, 0);
}
