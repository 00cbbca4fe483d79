/** Built-in architectures with their published figures, for the chart. */

/** A figure and where it was published. */
export interface Figure { readonly value: number; readonly source: string }

export interface ArchitectureView {
  readonly name: string;
  readonly title: string;
  readonly source: string;
  /** Trainable parameters. */
  readonly parameters: Figure;
  /** Multiply-adds of one example, counted here from the layers. */
  readonly macs: number | null;
  /** Published multiply-adds, where there are. */
  readonly published: Figure | null;
  /** Top-1 accuracy on ImageNet's validation set in per cent; null for networks that are not for ImageNet. */
  readonly accuracy: Figure | null;
}

export interface ArchitecturesView { readonly architectures: readonly ArchitectureView[] }
