/** Published figures of the built-in architectures beside our own counts, for the chart of size and compute against accuracy. */
import type { ArchitectureView, ArchitecturesView, Figure } from '../../protocol/architectures';
import { totalCost } from '../cost';
import type { Network } from '../network';
import { architectures } from './architectures';

const torchvisionOps = 'torchvision, table of weights IMAGENET1K_V1, GFLOPS (multiply-adds)';
const ops = (billions: number): Figure => ({ value: billions * 1e9, source: torchvisionOps });

/** Multiply-adds of one 224 × 224 picture, as published. */
const published: Readonly<Record<string, Figure | undefined>> = {
  alexnet: ops(0.71), vgg11: ops(7.61), vgg13: ops(11.31), vgg16: ops(15.47), vgg19: ops(19.63),
  resnet18: ops(1.81), resnet34: ops(3.66), resnet50: ops(4.09), resnet101: ops(7.8), resnet152: ops(11.51),
  mobilenet: { value: 569e6, source: 'A. Howard et al., MobileNets, 2017, table 4' },
};

/** All built-in architectures with their figures. @param network builds one, without weights */
export async function architectureViews(network: (name: string) => Promise<Network>): Promise<ArchitecturesView> {
  const views = await Promise.all(Object.entries(architectures).map(async ([name, { title, source, parameters, parametersFrom, accuracy }]): Promise<ArchitectureView> => ({
    name, title, source, parameters: { value: parameters, source: parametersFrom }, macs: totalCost(await network(name)).macs, published: published[name] ?? null,
    accuracy: accuracy === null ? null : { value: accuracy.top1, source: accuracy.source },
  })));
  return { architectures: views };
}
