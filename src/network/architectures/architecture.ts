/** An architecture that is built in: who described it, how many parameters it has by that description, and how to draw it. */
import type { JsonObject } from '../network';

export interface Architecture {
  readonly title: string;
  /** Where it was described. */
  readonly source: string;
  /** Trainable parameters, by `parametersFrom`. */
  readonly parameters: number;
  readonly parametersFrom: string;
  /** Top-1 accuracy on ImageNet's validation set in per cent, one crop, and who measured it; null for networks that are not for ImageNet. */
  readonly accuracy: { readonly top1: number; readonly source: string } | null;
  readonly draw: () => JsonObject;
}

export type Architectures = Readonly<Record<string, Architecture>>;

export const torchvision = 'torchvision, weights IMAGENET1K_V1';
export const counted = 'counted by hand from the layers described there';
