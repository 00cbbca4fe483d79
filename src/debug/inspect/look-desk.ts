/** What the panel "Tensor" asks about tensors: of looks the program is asked, pinned tensors and differences are at hand. */
import type { ExportRequest, PartReply, PartRequest, TensorPicture, TensorRequest } from '../../protocol/tensor';
import { Failure } from '../../tensor/failure';
import { exportedSlice, TensorDesk } from '../view/desk';
import type { Exported } from '../view/desk';
import type { Looks } from './looks';

export class LookDesk extends TensorDesk {
  constructor(private readonly looks: Looks) {
    // Read whole only where it is kept or compared.
    super((address) => {
      if (address.kind !== 'look') return Promise.reject(new Failure('inspect.address', 'This panel shows expressions of a paused program only.'));
      return Promise.resolve(looks.found(address.id));
    });
  }

  /** A look in its own part, which the person chose; any other part is of the whole tensor, as it is compared. */
  override async picture(request: TensorRequest): Promise<TensorPicture> {
    const { address, slice, maxElements, clip } = request;
    if (address.kind !== 'look' || slice !== undefined || maxElements !== undefined) return super.picture(request);
    return clip === undefined ? this.looks.picture(address.id) : this.looks.clippedPicture(address.id, clip);
  }

  override async part(request: PartRequest): Promise<PartReply> {
    const { address, slice, part } = request;
    return address.kind === 'look' ? { values: await this.looks.part(address.id, slice, part) } : super.part(request);
  }

  override async exported(request: ExportRequest): Promise<Exported> {
    const { address, slice, to, name } = request;
    return address.kind === 'look' ? exportedSlice(await this.looks.wholeSlice(address.id, slice), to, name) : super.exported(request);
  }
}
