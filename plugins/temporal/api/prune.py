"""Cuts the definitions of Temporal's API down to what this plugin calls.

    prune.py IN.binpb OUT.binpb RPCS.txt > FILES

IN: all definitions, as protoc writes them by --descriptor_set_out with --include_imports. OUT: what is reachable from the
calls that RPCS.txt names, in an order that depends on nothing else. On standard output: the files of OUT, one a line.

RPCS.txt, one word or two a line: the name of a call; or `without PREFIX`: fields of types that begin with it are left
out, which changes nothing on the wire, where an unknown field is passed over.

A part of a package that is a keyword of C++ gets an underscore; package names are not on the wire either.
"""
import sys

from google.protobuf import descriptor_pb2 as d

KEYWORDS = {"namespace", "export", "module", "import", "register", "operator", "template"}
TYPED = (d.FieldDescriptorProto.TYPE_MESSAGE, d.FieldDescriptorProto.TYPE_ENUM)


def cpp_package(package):
    return ".".join(part + "_" if part in KEYWORDS else part for part in package.split("."))


class Pool:
    """Every message and enumeration by its full name, and the file that it stands in."""

    def __init__(self, files):
        self.files = files
        self.messages = {}
        self.enums = {}
        self.file_of = {}
        for f in files:
            prefix = "." + f.package
            for e in f.enum_type:
                self.add(self.enums, prefix, e, f)
            for m in f.message_type:
                self.add_message(prefix, m, f)

    def add(self, kind, prefix, item, f):
        name = prefix + "." + item.name
        kind[name] = item
        self.file_of[name] = f
        return name

    def add_message(self, prefix, message, f):
        name = self.add(self.messages, prefix, message, f)
        for e in message.enum_type:
            self.add(self.enums, name, e, f)
        for m in message.nested_type:
            self.add_message(name, m, f)

    def calls(self):
        return {m.name: m for f in self.files for s in f.service for m in s.method}


def wanted_fields(message, without):
    return [f for f in message.field if not (f.type in TYPED and f.type_name.startswith(without))]


def reachable(pool, roots, without):
    found, todo = set(), list(roots)
    while todo:
        name = todo.pop()
        if name in found:
            continue
        found.add(name)
        if name in pool.messages:
            todo += [f.type_name for f in wanted_fields(pool.messages[name], without) if f.type in TYPED]
    return found


class Pruner:
    def __init__(self, pool, roots, without):
        self.pool = pool
        self.without = without
        self.keep = reachable(pool, roots, without)
        # What is only named around a kept type stays as an empty shell.
        self.around = {name.rsplit(".", n)[0] for name in self.keep for n in range(1, name.count("."))}

    def kept(self, name):
        return name in self.keep or (name in self.around and name in self.pool.messages)

    def renamed(self, type_name):
        package = self.pool.file_of[type_name].package
        return "." + cpp_package(package) + type_name[len(package) + 1:]

    def field(self, field, oneofs):
        out = d.FieldDescriptorProto(name=field.name, number=field.number, label=field.label, type=field.type)
        if field.type in TYPED:
            out.type_name = self.renamed(field.type_name)
        if field.HasField("oneof_index"):
            out.oneof_index = oneofs.index(field.oneof_index)
        if field.proto3_optional:
            out.proto3_optional = True
        if field.options.HasField("packed"):
            out.options.packed = field.options.packed
        return out

    def message(self, prefix, message, needs):
        name = prefix + "." + message.name
        out = d.DescriptorProto(name=message.name)
        out.options.map_entry = message.options.map_entry
        fields = wanted_fields(message, self.without) if name in self.keep else []
        oneofs = sorted({f.oneof_index for f in fields if f.HasField("oneof_index")})
        out.oneof_decl.extend(d.OneofDescriptorProto(name=message.oneof_decl[i].name) for i in oneofs)
        out.field.extend(self.field(f, oneofs) for f in fields)
        needs |= {self.pool.file_of[f.type_name].name for f in fields if f.type in TYPED}
        out.nested_type.extend(self.message(name, m, needs) for m in message.nested_type if self.kept(name + "." + m.name))
        out.enum_type.extend(self.enum(e) for e in message.enum_type if name + "." + e.name in self.keep)
        return out

    @staticmethod
    def enum(enum):
        out = d.EnumDescriptorProto(name=enum.name)
        out.value.extend(d.EnumValueDescriptorProto(name=v.name, number=v.number) for v in enum.value)
        out.options.allow_alias = enum.options.allow_alias
        return out

    def file(self, f):
        """Nothing of it is needed: None."""
        prefix, needs = "." + f.package, set()
        out = d.FileDescriptorProto(name=f.name, package=cpp_package(f.package), syntax=f.syntax)
        out.message_type.extend(self.message(prefix, m, needs) for m in f.message_type if self.kept(prefix + "." + m.name))
        out.enum_type.extend(self.enum(e) for e in f.enum_type if prefix + "." + e.name in self.keep)
        if not out.message_type and not out.enum_type:
            return None
        out.options.optimize_for = d.FileOptions.LITE_RUNTIME
        out.options.cc_enable_arenas = True
        out.dependency.extend(sorted(needs - {f.name}))
        return out


def parents_first(files):
    by_name, order = {f.name: f for f in files}, []

    def visit(name):
        if by_name[name] not in order:
            for needed in by_name[name].dependency:
                visit(needed)
            order.append(by_name[name])

    for name in sorted(by_name):
        visit(name)
    return order


def is_wkt(f):
    """What comes with protobuf itself: compiled there."""
    return f.name.startswith("google/protobuf/")


def main(source, target, rpcs):
    with open(source, "rb") as file:
        pool = Pool(list(d.FileDescriptorSet.FromString(file.read()).file))
    with open(rpcs, encoding="utf-8") as file:
        lines = [line.split() for line in file if line.strip() and not line.startswith("#")]
    without = tuple("." + words[1] for words in lines if words[0] == "without")
    calls = pool.calls()
    named = [calls[words[0]] for words in lines if words[0] != "without"]
    pruner = Pruner(pool, [t for call in named for t in (call.input_type, call.output_type)], without)
    files = [f if is_wkt(f) else pruner.file(f) for f in pool.files]
    files = [f for f in files if f is not None]
    used = {name for f in files for name in f.dependency}
    files = parents_first([f for f in files if not is_wkt(f) or f.name in used])
    with open(target, "wb") as file:
        file.write(d.FileDescriptorSet(file=files).SerializeToString(deterministic=True))
    print("\n".join(f.name for f in files if not is_wkt(f)))


if __name__ == "__main__":
    main(*sys.argv[1:])
