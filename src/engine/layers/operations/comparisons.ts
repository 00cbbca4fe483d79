/** The gradient of `any` and `all`, zero as that of every comparison, so that masks found in a layer's input do not stop the backward pass. */
import { getGradient, registerGradient, zeros } from '@tensorflow/tfjs-core';

for (const kernelName of ['Any', 'All']) {
  if (getGradient(kernelName)) continue;
  registerGradient({
    kernelName,
    inputsToSave: ['x'],
    gradFunc: (_dy, [x]) => ({ x: () => zeros(x?.shape ?? []) }),
  });
}
