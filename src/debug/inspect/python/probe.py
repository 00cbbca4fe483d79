def probe(value, request):
    """Runs inside a paused Python program: reads a tensor where it lies and answers with the slice that is shown and
    its statistics, as base64 of JSON. Imports nothing but NumPy and the standard library; changes nothing, leaves no name behind."""
    import base64
    import binascii
    import json
    import math
    import sys

    few_elements, most_counted, few_sampled, most_blocks = 1 << 18, 1 << 25, 1 << 18, 4096
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

    def step_of(count):
        """Of very large tensors every n-th element is counted."""
        return 1 if count <= most_counted else -(-count // few_sampled)

    def every(array, count, step, arange):
        """Every n-th element in row-major order, without a copy of the whole, however the array lies in memory."""
        if step == 1:
            return array.reshape(-1)
        rest, index = arange(0, count, step), []
        for extent in reversed(array.shape):
            index.insert(0, rest % extent)
            rest = rest // extent
        return array[tuple(index)]

    def clipped(finite, numpy):
        """Percentiles, and how the values between them are distributed."""
        if finite.size == 0:
            return {"kind": "clipped", "low": math.nan, "high": math.nan, "histogram": {"min": 0, "max": 0, "counts": []}}
        finite = finite.astype(numpy.uint8) if finite.dtype.kind == "b" else finite
        low, high = (float(end) for end in numpy.percentile(finite, [request["clip"], 100 - request["clip"]]))
        counts, _ = numpy.histogram(finite, bins=1 if low == high else 64, range=(low, high))
        return {"kind": "clipped", "low": low, "high": high, "histogram": {"min": low, "max": high, "counts": [int(count) for count in counts]}}

    def whole(numbers, numpy, sampled):
        numbers = numpy.ascontiguousarray(numbers).reshape(-1)
        if numbers.dtype.kind not in "fiub":
            raise Problem("unreadable", "elements of type %s" % numbers.dtype)
        if request["wants"] == "clipped":
            return clipped(numbers[numpy.isfinite(numbers)], numpy)
        length = -(-numbers.size // most_blocks)
        raw = memoryview(numbers.view(numpy.uint8))
        width = len(raw) // numbers.size * length
        checksums = b"".join(binascii.crc32(raw[at:at + width]).to_bytes(4, "little") for at in range(0, len(raw), width))
        del raw
        numbers = numbers if numbers.dtype == numpy.float32 else numbers.astype(numpy.float64)
        finite = numpy.isfinite(numbers)
        good = numbers if finite.all() else numbers[finite]
        nan = int(numpy.isnan(numbers).sum())
        empty = good.size == 0
        low, high = (math.nan, math.nan) if empty else (float(good.min()), float(good.max()))
        with numpy.errstate(all="ignore"):
            statistics = {
                "count": int(numbers.size), "min": low, "max": high,
                "mean": math.nan if empty else float(good.mean(dtype=numpy.float64)),
                "standardDeviation": math.nan if empty else float(good.std(dtype=numpy.float64)),
                "norm": 0.0 if empty else math.sqrt(float(numpy.square(good, dtype=numpy.float64).sum())),
                "zeros": int(good.size - numpy.count_nonzero(good)), "nan": nan, "infinite": int(numbers.size - good.size - nan),
            }
            if empty:
                histogram = {"min": 0, "max": 0, "counts": []}
            else:
                counts, _ = numpy.histogram(good, bins=1 if low == high else 64, range=(low, high))
                histogram = {"min": low, "max": high, "counts": [int(count) for count in counts]}
        return {"statistics": statistics, "histogram": histogram, "sampled": sampled, "checksums": base64.b64encode(checksums).decode(), "blockLength": length}

    def finish(part, numpy, shape, dtype, numbers, spec):
        """`part` gives the slice, `numbers` the numbers over the whole; each is taken only where it is wanted."""
        if request["wants"] == "numbers":
            return answer({"kind": "numbers", "shape": list(shape), "numbers": numbers()})
        if request["wants"] == "clipped":
            return answer(numbers())
        tile_axes, row, column, at = spec
        extent = lambda axis: 1 if axis is None else shape[axis]
        extents = [shape[axis] for axis in tile_axes]
        tiles, rows, columns = math.prod(extents), extent(row), extent(column)
        values = numpy.asarray(part()).reshape(tiles, rows, columns)
        if values.dtype.kind not in "fiub":
            raise Problem("unreadable", "elements of type %s" % values.dtype)
        if request["wants"] == "part":
            window = request["part"]
            for name, extent in (("tile", tiles), ("row", rows), ("column", columns)):
                if not (0 <= window[name] and window[name + "s"] >= 1 and window[name] + window[name + "s"] <= extent):
                    raise Problem("slice", "the window does not fit it")
            values = values[tuple(slice(window[name], window[name] + window[name + "s"]) for name in ("tile", "row", "column"))]
            with numpy.errstate(all="ignore"):
                return answer({"kind": "part", "values": base64.b64encode(numpy.ascontiguousarray(values, dtype="<f4").tobytes()).decode()})
        factor = max(1, int(math.sqrt(tiles * rows * columns / max(1, request["maxElements"]))))
        while factor < max(rows, columns) and tiles * -(-rows // factor) * -(-columns // factor) > request["maxElements"]:
            factor += 1
        if factor > 1:
            for axis, count in ((1, rows), (2, columns)):
                starts = numpy.arange(0, count, factor)
                widths = numpy.minimum(factor, count - starts)
                shaped = widths.reshape((1, -1, 1) if axis == 1 else (1, 1, -1))
                values = numpy.add.reduceat(values, starts, axis=axis, dtype=numpy.float64) / shaped
        with numpy.errstate(all="ignore"):
            values = numpy.ascontiguousarray(values, dtype="<f4")
        return answer({
            "kind": "picture", "type": kind, "dtype": dtype, "shape": list(shape),
            "slice": {"tileAxes": tile_axes, "rowAxis": row, "columnAxis": column, "at": {str(axis): index for axis, index in at.items()}},
            "tiles": tiles, "rows": -(-rows // factor), "columns": -(-columns // factor), "tileExtents": extents, "reduction": factor,
            "values": base64.b64encode(values.tobytes()).decode(),
            "numbers": numbers() if request["wants"] == "all" or math.prod(shape) <= few_elements else None,
        })

    def needs_elements(shape):
        if math.prod(shape) == 0:
            raise Problem("empty", "its shape is %s" % list(shape))

    def with_numpy(array, dtype, plain=lambda part: part):
        """`plain` widens what is taken out of the array, never the whole of it."""
        import numpy
        if request["shape"] is not None:
            if math.prod(request["shape"]) != array.size:
                raise Problem("shape", "shape %s needs %d elements, it has %d" % (request["shape"], math.prod(request["shape"]), array.size))
            array = array.reshape(request["shape"])
        shape = tuple(int(extent) for extent in array.shape)
        needs_elements(shape)
        spec = plan(shape)
        step = step_of(array.size)
        part = lambda: plain(cut(array, *spec, numpy.transpose))
        return finish(part, numpy, shape, dtype, lambda: whole(plain(every(array, array.size, step, numpy.arange)), numpy, step), spec)

    def plain_numpy(array):
        import numpy
        dtype = str(array.dtype)
        array = numpy.asarray(array)
        if dtype.startswith(("bfloat16", "float8_", "float6_", "float4_", "int4", "uint4", "int2", "uint2")):
            return with_numpy(array, dtype, lambda part: part.astype(numpy.float32))
        if array.dtype.kind == "c":
            raise Problem("unreadable", "its elements are complex; look at its real, imag or abs()")
        if array.dtype.kind not in "fiub":
            raise Problem("unreadable", "elements of type %s" % dtype)
        return with_numpy(array, dtype)

    def rests(done):
        """Whether a device gets done with what it was given last; it is waited for a fifth of a second."""
        import time
        until = time.monotonic() + 0.2
        while not done():
            if time.monotonic() > until:
                return False
            time.sleep(0.005)
        return True

    def from_torch(torch, given):
        tensor = given.detach()
        if hasattr(torch._C, "_functorch") and torch._C._functorch.is_functorch_wrapped_tensor(tensor):
            raise Problem("unreadable", "the program is inside a transform of torch.func (grad, vmap), where no tensor has elements of its own; look at it before or after")
        if type(given).__name__ in ("FakeTensor", "FunctionalTensor") or tensor.device.type == "meta":
            raise Problem("unreadable", "it has a shape and a type but no elements (device %s)" % tensor.device)
        if tensor.device.type == "cuda":
            # To ask a stream that is being captured into a graph whether it has finished would spoil the capture.
            if torch.cuda.is_current_stream_capturing():
                raise Problem("busy", "its CUDA stream is being captured into a graph")
            if not rests(torch.cuda.current_stream(tensor.device).query):
                raise Problem("busy", "its CUDA stream has not finished")
        if tensor.is_nested:
            raise Problem("unreadable", "its rows have different lengths; look at one of its unbind()")
        if tensor.layout != torch.strided:
            raise Problem("unreadable", "its layout is %s; look at its to_dense(), values() or indices()" % str(tensor.layout).replace("torch.", ""))
        if tensor.is_quantized:
            raise Problem("unreadable", "it is quantized; look at its int_repr() or dequantize()")
        if tensor.is_complex():
            raise Problem("unreadable", "its elements are complex; look at its real, imag or abs()")
        needs_elements(tensor.shape)
        storage = tensor.untyped_storage() if hasattr(tensor, "untyped_storage") else tensor.storage()
        last = tensor.storage_offset() + sum((extent - 1) * stride for extent, stride in zip(tensor.shape, tensor.stride()))
        if (last + 1) * tensor.element_size() > storage.nbytes():
            raise Problem("unreadable", "its memory has been freed; look at it at an earlier line")
        import numpy
        dtype = str(tensor.dtype).replace("torch.", "")
        with torch.no_grad():
            if request["shape"] is not None:
                if math.prod(request["shape"]) != tensor.numel():
                    raise Problem("shape", "shape %s needs %d elements, it has %d" % (request["shape"], math.prod(request["shape"]), tensor.numel()))
                tensor = tensor.reshape(request["shape"])
            shape = tuple(int(extent) for extent in tensor.shape)
            needs_elements(shape)
            narrow = dtype in ("bfloat16", "float16") or dtype.startswith("float8")
            plain = lambda part: (part.float() if narrow else part).resolve_neg().cpu().numpy()
            spec = plan(shape)
            count = tensor.numel()
            # The program's default device may be another one.
            positions = lambda *range: torch.arange(*range, device="cpu")
            # Of a tensor on another device only a sample crosses to the processor.
            step = step_of(count) if tensor.device.type == "cpu" else -(-count // few_sampled)
            part = lambda: plain(cut(tensor, *spec, lambda part, order: part.permute(order) if order else part))
            return finish(part, numpy, shape, dtype, lambda: whole(plain(every(tensor, count, step, positions)), numpy, step), spec)

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

    def config_of(model):
        """Keras asks for TensorFlow's types when it writes a configuration: a program that does without TensorFlow is not made to load it."""
        types = getattr(sys.modules.get("keras.src.utils.module_utils"), "tensorflow", None)
        kept = "tensorflow" not in sys.modules and types is not None and vars(types).get("_available", False) is None
        if kept:
            types._available = False
        try:
            return model.to_json()
        finally:
            if kept:
                types._available = None

    def is_jax(held):
        return type(held).__module__.split(".")[0] in ("jax", "jaxlib") and hasattr(held, "__array__")

    def from_jax(array):
        if type(array).__name__.endswith("Tracer"):
            raise Problem("unreadable", "it is traced: it has a shape and a type but no elements")
        if array.is_deleted():
            raise Problem("unreadable", "its memory has been deleted, or donated to a function; look at it at an earlier line")
        if not array.is_fully_addressable:
            raise Problem("unreadable", "other processes hold parts of it; look at its addressable_shards")
        if str(array.dtype).startswith("key<"):
            raise Problem("unreadable", "it is a random key; look at its jax.random.key_data")
        if not rests(array.is_ready):
            raise Problem("busy", "it is still being computed")
        import numpy
        # JAX keeps the copy that it makes for NumPy with the array, here with a passing one.
        return plain_numpy(numpy.asarray(array.addressable_data(0) if array.is_fully_replicated else array))

    def from_keras():
        """TensorFlow's and Keras's tensors, variables and models; Keras's variables hold a tensor of its backend."""
        name = type(value).__name__
        if hasattr(value, "to_json") and hasattr(value, "layers"):
            return answer({"kind": "network", "type": kind, "config": config_of(value)})
        if name in ("RaggedTensor", "SparseTensor"):
            raise Problem("unreadable", "its rows have different lengths; look at its values or to_tensor()" if name == "RaggedTensor" else "it is sparse; look at its values or indices")
        if name in ("KerasTensor", "SymbolicTensor", "Placeholder") or (hasattr(value, "graph") and not hasattr(value, "numpy")):
            raise Problem("unreadable", "it is symbolic: it has a shape and a type but no elements until the model runs")
        inner = getattr(value, "value", None)
        held = inner if inner is not None and not callable(inner) else value
        if torch is not None and isinstance(held, torch.Tensor):
            return from_torch(torch, held)
        if is_jax(held):
            return from_jax(held)
        import numpy
        if hasattr(held, "numpy"):
            try:
                array = held.numpy()
            except (NotImplementedError, AttributeError):
                raise Problem("unreadable", "it is symbolic: it has a shape and a type but no elements until the function runs")
        elif hasattr(held, "__array__"):
            array = numpy.asarray(held)
        else:
            raise Problem("not-a-tensor")
        return plain_numpy(numpy.asarray(array))

    try:
        torch, numpy, pillow = sys.modules.get("torch"), sys.modules.get("numpy"), sys.modules.get("PIL.Image")
        if torch is not None and isinstance(value, torch.Tensor):
            return from_torch(torch, value)
        if numpy is not None and isinstance(value, (numpy.ndarray, numpy.generic)):
            return plain_numpy(value)
        if pillow is not None and isinstance(value, pillow.Image):
            import numpy
            pixels = numpy.asarray(value)
            return with_numpy(pixels[None] if pixels.ndim == 3 else pixels, str(pixels.dtype))
        if kind.startswith(("tensorflow.", "keras.")):
            return from_keras()
        if is_jax(value):
            return from_jax(value)
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
