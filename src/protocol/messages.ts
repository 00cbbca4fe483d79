/** Everything that crosses between extension host and webview, as discriminated unions and a table of requests. */
import type { ArchitecturesView } from './architectures';
import type { CompareView, Differences } from './compare';
import type { GraphView } from './graph';
import type { AttributionRequest, AttributionView, CheckRequest, CheckView, ChoicesRequest, ChoicesView, InfluenceView, OriginRequest, OriginView } from './insight';
import type { InspectView, LookRequest } from './inspect';
import type { CursorView, PhaseName, RunStatus, RunView } from './run';
import type { CompareReply, CompareRequest, ExportRequest, PartReply, PartRequest, PictureAhead, PinRequest, PinView, TensorPicture, TensorRequest } from './tensor';

/** Where a click in the panel wants to go. */
export type JumpTarget =
  | { readonly kind: 'op'; readonly iteration: number; readonly op: number }
  | { readonly kind: 'cell'; readonly iteration: number; readonly op: number; readonly tensor: number; readonly index: readonly number[] }
  | { readonly kind: 'layer'; readonly layer: string }
  | { readonly kind: 'phase'; readonly phase: PhaseName }
  | { readonly kind: 'iteration'; readonly iteration: number };

/** Host -> webview, without reply. A webview starts empty, says `ready`, gets a snapshot, then deltas. */
export type HostEvent =
  /** `version` tells readings of one file apart: of another version weights are asked for anew. */
  | { readonly type: 'model'; readonly graph: GraphView; readonly canStep: boolean; readonly version?: string }
  /** A file that is being read, which may be stopped. */
  | { readonly type: 'opening'; readonly name: string }
  /** `again`: it can be tried once more. */
  | { readonly type: 'failed'; readonly message: string; readonly again?: boolean }
  | { readonly type: 'comparison'; readonly compare: CompareView }
  | { readonly type: 'differences'; readonly differences: Differences }
  | { readonly type: 'architectures'; readonly architectures: ArchitecturesView }
  | { readonly type: 'inspect'; readonly inspect: InspectView }
  | { readonly type: 'run'; readonly run: RunView }
  /** With pictures that the panel will want for it. */
  | { readonly type: 'cursor'; readonly cursor: CursorView; readonly pictures?: readonly PictureAhead[] }
  | { readonly type: 'status'; readonly status: RunStatus }
  | { readonly type: 'losses'; readonly from: number; readonly losses: readonly number[] }
  | { readonly type: 'breakpoints'; readonly layers: readonly string[] }
  /** How far a question has come, 0 … 1. */
  | { readonly type: 'progress'; readonly question: string; readonly done: number }
  /** Show this gradient of the iteration under the cursor being checked. */
  | { readonly type: 'check'; readonly gradient: number };

/** Webview -> host, without reply. */
export type WebviewEvent =
  | { readonly type: 'ready' }
  | { readonly type: 'selected'; readonly layer: string | null }
  /** Ends a comparison, or the opening of a file, that is under way. */
  | { readonly type: 'stop' }
  /** Reads the file once more. */
  | { readonly type: 'reload' }
  /** Compares the other way round. */
  | { readonly type: 'swap' }
  | { readonly type: 'openArchitecture'; readonly name: string };

/** Webview -> host, with reply: request name -> [arguments, result]. */
export interface Requests {
  tensor: [TensorRequest, TensorPicture];
  tensorPart: [PartRequest, PartReply];
  pins: [PinRequest, readonly PinView[]];
  compare: [CompareRequest, CompareReply];
  /** Saves or copies a slice; answers with what was done, or null when the person chose to leave it. */
  exportTensor: [ExportRequest, string | null];
  jump: [JumpTarget, null];
  /** The element that is looked at: Step Into goes there. */
  selectElement: [{ readonly tensor: number; readonly index: readonly number[] } | null, null];
  /** Step Over or Step Back, as the debugger's own buttons do; answered when the cursor stands again. */
  step: [{ readonly back: boolean }, null];
  /** A gradient beside finite differences of the loss. */
  check: [CheckRequest, CheckView];
  /** What an element can see and what made it; the gradient of an element by the inputs. */
  origin: [OriginRequest, OriginView];
  influence: [OriginRequest, InfluenceView];
  /** What can be asked about what the network looks at, and an answer. */
  attributionChoices: [ChoicesRequest, ChoicesView];
  attribution: [AttributionRequest, AttributionView];
  /** Ends a question that is under way; it is then refused. */
  withdraw: [{ readonly question: string }, null];
  toggleBreakpoint: [{ readonly layer: string }, null];
  /** Takes back all that was set by hand. */
  restore: [null, null];
  stepThrough: [null, null];
  look: [LookRequest, null];
  /** Writes text or pictures where the user chooses. */
  save: [{ readonly name: string; readonly bytes: ArrayBuffer }, null];
}
export type RequestName = keyof Requests;

/** Envelope of a request and its answer; an error on one side rejects the call on the other. */
export type Envelope =
  | { readonly kind: 'event'; readonly event: HostEvent | WebviewEvent }
  /** A large event of the host as UTF-8 JSON: bytes cross as they are, while VS Code walks through objects at every stage. */
  | { readonly kind: 'encoded'; readonly bytes: ArrayBuffer }
  | { readonly kind: 'request'; readonly id: number; readonly name: RequestName; readonly argument: unknown }
  | { readonly kind: 'reply'; readonly id: number; readonly result: unknown }
  | { readonly kind: 'error'; readonly id: number; readonly message: string };
