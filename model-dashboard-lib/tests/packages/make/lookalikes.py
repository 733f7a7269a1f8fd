"""Names that resemble allowed ones, to a reader of prefixes or to the eye, and names that are hard to show."""

import opcodes as op
from corpus import Corpus


def add(made: Corpus):
    for stem, module, attribute, what in [
        ("collections-abc", "collections.abc", "OrderedDict", "A submodule of an allowed module."),
        ("blank", "numpy.core.multiarray ", "scalar", "An allowed module with a blank after it."),
        ("blank-name", "numpy.core.multiarray", " scalar", "An allowed name with a blank before it."),
        ("prefix", "torch._utils_evil", "_rebuild_tensor_v2", "An allowed module as the beginning of another."),
        ("suffix", "evil.torch._utils", "_rebuild_tensor_v2", "An allowed module as the end of another."),
        ("wildcard", "torch._utils", "_rebuild_anything", "Only resembles the allowed `_rebuild_…` functions."),
        ("case", "Collections", "OrderedDict", "A capital letter."),
        ("cyrillic", "c\u043ellections", "OrderedDict", "A Cyrillic letter in the module."),
        ("fullwidth", "\uff43ollections", "OrderedDict", "A full-width letter, which NFKC would fold."),
        ("zero-width", "collections\u200b", "OrderedDict", "A zero-width blank after the module."),
        ("direction", "collections", "\u202ecitcDderedrO", "A mark that turns the direction of the text."),
        ("empty-module", "", "OrderedDict", "No module at all."),
        ("trainer", "nnunet.training.evil", "nnUNetTrainerV2", "A module that nobody knows."),
    ]:
        made.add(f"lookalikes/{stem}.pkl", op.proto4(op.call(op.stack_name(module, attribute))), what,
                 "unknown", [f"{module}.{attribute}"])
    made.add("lookalikes/blank-global.pkl", op.proto2(b"ccollections OrderedDict\nOrderedDict\n", op.EMPTY_TUPLE, op.REDUCE),
             "A GLOBAL whose module has a blank: pickletools shows module and name with a blank between them.", "unknown",
             ["collections OrderedDict.OrderedDict"])
    made.add("lookalikes/split.pkl", op.proto4(op.stack_name("torch", "_utils._rebuild_tensor_v2")),
             "Joined with dots it reads like an allowed name; module and name are divided elsewhere.", "unknown",
             ["torch._utils._rebuild_tensor_v2"], least="expected")
    for stem, module, what in [("html", "<script>alert(1)</script>", "markup"), ("terminal", "evil\x1b[2J", "an escape sequence of terminals"),
                               ("quotes", "evil'\"`; DROP TABLE", "quotes of all kinds"), ("formula", "=1+1", "the beginning of a formula")]:
        made.add(f"lookalikes/{stem}.pkl", op.proto4(op.stack_name(module, "Net")), f"A name with {what}, for whoever shows it.",
                 "unknown", [f"{module}.Net"])
    made.add("lookalikes/long.pkl", op.proto4(op.stack_name("evil." * 2000, "Net")), "A name of 10,000 characters, for whoever shows it.",
             "unknown", reference="the name may be shortened")
    split = op.text("torch._utils") + op.text("_rebuild_tensor_v2\nos") + op.STACK_GLOBAL
    made.add("lookalikes/newline.pkl", op.proto4(split), "A name with a line break in it.", "unknown",
             ["torch._utils._rebuild_tensor_v2\nos"])
    made.add("lookalikes/carriage-return.pkl", op.proto2(b"ccollections\r\nOrderedDict\r\n"),
             "GLOBAL lines that end as on Windows: the carriage return belongs to the name.", "unknown",
             ["collections\r.OrderedDict\r"])
