def probe(value, request):
    """Runs inside a paused Python program: reads a tensor where it lies and answers with the slice that is shown and
    its statistics, as base64 of JSON. Imports only what the program has loaded; changes nothing, leaves nothing behind."""
    import base64
    import json
    import math
    import sys

    most_counted = 33554432
    kind = type(value).__module__.split(".")[0] + "." + type(value).__name__

    class Problem(Exception):
        def __init__(self, code, detail=""):
            Exception.__init__(self, detail)
            self.code = code

    def answer(reply):
        def words(item):
            if isinstance(item, float) and not math.isfinite(item):
                return "NaN" if item != item else ("Infinity" if item > 0 else "-Infinity")
            if isinstance(item, dict):
                return {key: words(entry) for key, entry in item.items()}
            if isinstance(item, (list, tuple)):
                return [words(entry) for entry in item]
            return item
        return base64.b64encode(json.dumps(words(reply)).encode()).decode()

    def default_slice(shape):
        rank, example = len(shape), max(0, min(request["example"], (shape[0] if shape else 1) - 1))
        if rank == 0:
            return [], None, None, {}
        if rank == 1:
            return [], None, 0, {}
        if rank == 2:
            return [], 0, 1, {}
        if request["use"] == "activation":
            channels_first = kind.startswith("torch.")
            if rank == 3:
                return [], 1, 2, {0: example}
            if rank == 4:
                return ([1], 2, 3, {0: example}) if channels_first else ([3], 1, 2, {0: example})
        elif rank == 4:
            return ([0, 1], 2, 3, {}) if kind.startswith("torch.") else ([2, 3], 0, 1, {})
        fixed = {axis: 0 for axis in range(rank - 2)}
        if request["use"] == "activation":
            fixed[0] = example
        return [], rank - 2, rank - 1, fixed

    def plan(shape):
        wanted = request["slice"]
        if wanted is None:
            tile_axes, row, column, at = default_slice(shape)
        else:
            tile_axes, row, column = list(wanted["tileAxes"]), wanted["rowAxis"], wanted["columnAxis"]
            at = {int(axis): index for axis, index in wanted["at"].items()}
        axes = tile_axes + [axis for axis in (row, column) if axis is not None] + list(at)
        if sorted(axes) != list(range(len(shape))):
            raise Problem("slice", "the slice must name each of the %d axes once" % len(shape))
        for axis, index in at.items():
            if not 0 <= index < max(1, shape[axis]):
                raise Problem("slice", "index %d of axis %d lies outside its %d elements" % (index, axis, shape[axis]))
        most = max(1, request["maxElements"])
        while tile_axes and math.prod(shape[axis] for axis in tile_axes) > most:
            at[tile_axes.pop(0)] = 0
        return tile_axes, row, column, at

    def cut(array, tile_axes, row, column, at, transpose):
        """The slice as tiles x rows x columns, still in the library that holds it."""
        index = tuple(at[axis] if axis in at else slice(None) for axis in range(len(array.shape)))
        part = array[index]
        kept = [axis for axis in range(len(array.shape)) if axis not in at]
        order = [kept.index(axis) for axis in tile_axes + [axis for axis in (row, column) if axis is not None]]
        return transpose(part, order)

    def finish(part, numpy, shape, dtype, sample, sampled, spec):
        tile_axes, row, column, at = spec
        extent = lambda axis: 1 if axis is None else shape[axis]
        extents = [shape[axis] for axis in tile_axes]
        tiles, rows, columns = math.prod(extents), extent(row), extent(column)
        values = numpy.asarray(part).astype(numpy.float32).reshape(tiles, rows, columns)
        factor = max(1, int(math.sqrt(tiles * rows * columns / max(1, request["maxElements"]))))
        while factor < max(rows, columns) and tiles * -(-rows // factor) * -(-columns // factor) > request["maxElements"]:
            factor += 1
        if factor > 1:
            for axis, count in ((1, rows), (2, columns)):
                starts = numpy.arange(0, count, factor)
                widths = numpy.minimum(factor, count - starts)
                shaped = widths.reshape((1, -1, 1) if axis == 1 else (1, 1, -1))
                values = numpy.add.reduceat(values.astype(numpy.float64), starts, axis=axis) / shaped
        values = numpy.ascontiguousarray(values, dtype="<f4")
        numbers = numpy.asarray(sample).reshape(-1)
        if numbers.dtype.kind not in "fiub":
            raise Problem("unreadable", "elements of type %s" % numbers.dtype)
        numbers = numbers if numbers.dtype == numpy.float32 else numbers.astype(numpy.float64)
        finite = numpy.isfinite(numbers)
        good = numbers if finite.all() else numbers[finite]
        nan = int(numpy.isnan(numbers).sum())
        empty = good.size == 0
        low, high = (math.nan, math.nan) if empty else (float(good.min()), float(good.max()))
        statistics = {
            "count": int(numbers.size), "min": low, "max": high,
            "mean": math.nan if empty else float(good.mean(dtype=numpy.float64)),
            "standardDeviation": math.nan if empty else float(good.std(dtype=numpy.float64)),
            "norm": float(math.sqrt(float((good * good).sum(dtype=numpy.float64)))) if not empty else 0.0,
            "zeros": int((good == 0).sum()), "nan": nan, "infinite": int(numbers.size - good.size - nan),
        }
        if empty:
            histogram = {"min": 0, "max": 0, "counts": []}
        else:
            counts, _ = numpy.histogram(good, bins=1 if low == high else 64, range=(low, high))
            histogram = {"min": low, "max": high, "counts": [int(count) for count in counts]}
        return answer({
            "kind": "picture", "type": kind, "dtype": dtype, "shape": list(shape),
            "slice": {"tileAxes": tile_axes, "rowAxis": row, "columnAxis": column, "at": {str(axis): index for axis, index in at.items()}},
            "tiles": tiles, "rows": -(-rows // factor), "columns": -(-columns // factor), "tileExtents": extents, "reduction": factor,
            "values": base64.b64encode(values.tobytes()).decode(), "statistics": statistics, "histogram": histogram, "sampled": sampled,
        })

    def needs_elements(shape):
        if math.prod(shape) == 0:
            raise Problem("empty", "its shape is %s" % list(shape))

    def with_numpy(array, dtype):
        import numpy
        if request["shape"] is not None:
            if math.prod(request["shape"]) != array.size:
                raise Problem("shape", "shape %s needs %d elements, it has %d" % (request["shape"], math.prod(request["shape"]), array.size))
            array = array.reshape(request["shape"])
        shape = tuple(int(extent) for extent in array.shape)
        needs_elements(shape)
        spec = plan(shape)
        sampled = -(-array.size // most_counted)
        return finish(cut(array, *spec, lambda part, order: numpy.transpose(part, order)), numpy, shape, dtype, array if sampled == 1 else array.reshape(-1)[::sampled], sampled, spec)

    def from_torch(torch):
        tensor = value.detach()
        if tensor.device.type == "cuda" and not torch.cuda.current_stream(tensor.device).query():
            raise Problem("busy", "its CUDA stream has not finished")
        if tensor.device.type == "meta":
            raise Problem("unreadable", "it lies on the device meta and has no elements")
        if tensor.layout != torch.strided:
            raise Problem("unreadable", "its layout is %s" % tensor.layout)
        import numpy
        dtype = str(tensor.dtype).replace("torch.", "")
        with torch.no_grad():
            if request["shape"] is not None:
                tensor = tensor.reshape(request["shape"])
            shape = tuple(tensor.shape)
            needs_elements(shape)
            plain = lambda part: (part.float() if dtype in ("bfloat16", "float16") or dtype.startswith("float8") else part).cpu().numpy()
            spec = plan(shape)
            part = cut(tensor, *spec, lambda part, order: part.permute(order) if order else part)
            sampled = -(-tensor.numel() // (most_counted if tensor.device.type == "cpu" else 1048576))
            sample = tensor if sampled == 1 else tensor.reshape(-1)[::sampled]
            return finish(plain(part), numpy, shape, dtype, plain(sample), sampled, spec)

    def from_list():
        shape, level = [], value
        while isinstance(level, (list, tuple)):
            shape.append(len(level))
            if not level or len(shape) > 32:
                break
            level = level[0]
        if math.prod(shape) > most_counted:
            raise Problem("too-large", "nested lists of %d elements" % math.prod(shape))
        import numpy
        def check(level, depth):
            if depth == len(shape):
                if not isinstance(level, (int, float)):
                    raise Problem("ragged" if isinstance(level, (list, tuple)) else "not-a-tensor", "an element is of type %s" % type(level).__name__)
                return
            if not isinstance(level, (list, tuple)) or len(level) != shape[depth]:
                raise Problem("ragged", "its rows at depth %d do not all have %d elements" % (depth, shape[depth]))
            for item in level:
                check(item, depth + 1)
        check(value, 0)
        return with_numpy(numpy.array(value, dtype=numpy.float64).reshape(shape), "float64")

    try:
        torch, numpy, pillow = sys.modules.get("torch"), sys.modules.get("numpy"), sys.modules.get("PIL.Image")
        if torch is not None and isinstance(value, torch.Tensor):
            return from_torch(torch)
        if numpy is not None and isinstance(value, (numpy.ndarray, numpy.generic)):
            if value.dtype.kind not in "fiub":
                raise Problem("unreadable", "elements of type %s" % value.dtype)
            return with_numpy(numpy.asarray(value), str(value.dtype))
        if pillow is not None and isinstance(value, pillow.Image):
            import numpy
            pixels = numpy.asarray(value)
            return with_numpy(pixels[None] if pixels.ndim == 3 else pixels, str(pixels.dtype))
        if kind.startswith(("tensorflow.", "keras.")) and hasattr(value, "to_json") and hasattr(value, "layers"):
            return answer({"kind": "network", "type": kind, "config": value.to_json()})
        if kind.startswith(("tensorflow.", "keras.")) and hasattr(value, "numpy"):
            array = value.numpy()
            return with_numpy(array, str(array.dtype))
        if isinstance(value, (bytes, bytearray, memoryview)):
            import numpy
            return with_numpy(numpy.frombuffer(value, dtype=numpy.uint8), "uint8")
        if isinstance(value, (list, tuple)):
            return from_list()
        raise Problem("not-a-tensor")
    except Problem as problem:
        return answer({"kind": "problem", "code": problem.code, "type": kind, "detail": str(problem)})
    except Exception as error:
        return answer({"kind": "problem", "code": "unreadable", "type": kind, "detail": type(error).__name__ + ": " + str(error)[:200]})
