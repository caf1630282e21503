"""PyArrow reads a batch that the SDK made, and the SDK reads one that PyArrow made."""
import ctypes
import datetime
import json
import sys
from decimal import Decimal

import pyarrow as pa
from pyarrow.cffi import ffi

bridge = ctypes.CDLL(sys.argv[1])
bridge.sluice_bridge_export.argtypes = [ctypes.c_void_p, ctypes.c_void_p]
bridge.sluice_bridge_check.argtypes = [ctypes.c_void_p, ctypes.c_void_p]
bridge.sluice_bridge_check.restype = ctypes.c_char_p


def structs():
    array, schema = ffi.new("struct ArrowArray*"), ffi.new("struct ArrowSchema*")
    return array, schema, int(ffi.cast("uintptr_t", array)), int(ffi.cast("uintptr_t", schema))


def equal(what, got, wanted):
    if got != wanted:
        sys.exit(f"{what}: got {got!r}, wanted {wanted!r}")


def extension(field):
    """The extension that a field is tagged with: as metadata, or as a type where PyArrow knows it."""
    if isinstance(field.type, pa.BaseExtensionType):
        return field.type.extension_name
    return (field.metadata or {}).get(b"ARROW:extension:name", b"").decode()


def storage(column):
    return column.storage if isinstance(column, pa.ExtensionArray) else column


def from_sdk():
    array, schema, at_array, at_schema = structs()
    bridge.sluice_bridge_export(at_array, at_schema)
    batch = pa.RecordBatch._import_from_c(at_array, at_schema)
    batch.validate(full=True)
    equal("released after the move", array.release == ffi.NULL and schema.release == ffi.NULL, True)
    return batch


def check_values(batch):
    equal("names", batch.schema.names, ["flag", "number", "real", "text", "amount", "json", "day", "at"])
    equal("types", [str(storage(c).type) for c in batch.columns],
          ["bool", "int64", "double", "string", "string", "string", "date32[day]", "timestamp[us, tz=UTC]"])
    equal("tags", [extension(batch.schema.field(n)) for n in ("text", "amount", "json")], ["", "sluice.decimal", "arrow.json"])
    columns = {n: storage(c).to_pylist() for n, c in zip(batch.schema.names, batch.columns)}
    rows = [{n: values[i] for n, values in columns.items()} for i in range(batch.num_rows)]
    utc = datetime.timezone.utc
    equal("first row", rows[0], {
        "flag": True, "number": -2**63, "real": 0.1, "text": 'Zoë 李 🦊 "q"\\', "amount": "12.50",
        "json": '{"a":[1,null,"ü"]}', "day": datetime.date(1969, 12, 31),
        "at": datetime.datetime(1901, 2, 3, 4, 5, 6, 7, utc)})
    equal("nulls", rows[1], dict.fromkeys(rows[1]))
    equal("last full row", rows[2], {
        "flag": False, "number": 9007199254740993, "real": -1e300, "text": "",
        "amount": "1234567890123456789012345678901234567890.000", "json": "null",
        "day": datetime.date(2026, 2, 28), "at": datetime.datetime(2026, 1, 2, 3, 4, 5, 0, utc)})
    equal("decimal", Decimal(rows[0]["amount"]).as_tuple().exponent, -2)
    equal("json", json.loads(rows[0]["json"])["a"][2], "ü")
    equal("rows", len(rows), 23)
    equal("sparse", [rows[3 + i]["number"] for i in range(4)], [0, None, 2, None])
    return columns


def to_sdk(batch, columns):
    """The same values in arrays that PyArrow itself built, so that the buffers are its own."""
    arrays = [pa.array(columns[n], type=storage(c).type) for n, c in zip(batch.schema.names, batch.columns)]
    rebuilt = pa.RecordBatch.from_arrays(arrays, names=batch.schema.names)
    array, schema, at_array, at_schema = structs()
    rebuilt._export_to_c(at_array, at_schema)
    equal("back in the SDK", bridge.sluice_bridge_check(at_array, at_schema), b"")
    other = rebuilt.set_column(3, "text", pa.array(["other"] * 23))
    other._export_to_c(at_array, at_schema)
    equal("another value", bridge.sluice_bridge_check(at_array, at_schema), b"the values differ")
    rebuilt.slice(1, 5)._export_to_c(at_array, at_schema)
    equal("a slice", bridge.sluice_bridge_check(at_array, at_schema), b"column `flag` has an offset")


sdk_batch = from_sdk()
to_sdk(sdk_batch, check_values(sdk_batch))
print(f"PyArrow {pa.__version__}: same values both ways")
