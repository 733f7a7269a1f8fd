"""Pickles whose names say what they do, if one knows the name: the gaps of deny-lists."""

import opcodes as op
from corpus import Corpus

# file, module, attribute, arguments, what runs, CVE. Where many would not know the name, calling it
# unknown, and listing it, is still safe.
OBSCURE = [
    ("pip-main", "pip", "main", (["--version"],), "pip installs, and runs, a package", "CVE-2025-1716"),
    ("uuid", "uuid", "_get_command_stdout", ("true",), "starts a program", "CVE-2026-56315"),
    ("imaplib", "imaplib", "IMAP4_stream", ("true",), "starts a shell command", "CVE-2026-56315"),
    ("osx-support", "_osx_support", "_read_output", ("true",), "os.system in disguise", "CVE-2026-56315"),
    ("aix-support", "_aix_support", "_read_cmd_output", ("true",), "os.system in disguise", "CVE-2026-56315"),
    ("pyrepl-pager", "_pyrepl.pager", "pipe_pager", ("", "true"), "starts a shell command", "CVE-2026-56315"),
    ("profile-run", "profile", "run", ("1",), "profile.run executes its text", "CVE-2026-53873"),
    ("cprofile-runctx", "cProfile", "runctx", ("1", {}, {}), "executes its text", "CVE-2025-71378"),
    ("timeit", "timeit", "timeit", ("1",), "executes its text", "CVE-2025-71351"),
    ("trace", "trace", "Trace.runctx", (None, "1", {}, {}), "a dotted name whose method executes text", "CVE-2025-71352"),
    ("bdb", "bdb", "Bdb.run", (None, "1"), "a dotted name whose method executes text", None),
    ("idlelib", "idlelib.debugobj", "ObjectTreeItem.SetText", (None, "1"), "evaluates its text", "CVE-2025-71354"),
    ("asyncio", "asyncio.unix_events", "_UnixSubprocessTransport._start", (None, ["true"], False, -1, -1, -1, 0),
     "a submodule of a module on the deny-list starts a program", "CVE-2025-10157"),
    ("asyncio-subprocess", "asyncio.subprocess", "create_subprocess_shell", ("true",), "starts a shell command", "CVE-2025-10157"),
    ("runpy", "runpy", "_run_code", ("1", {}), "executes its argument", "CVE-2026-22606"),
    ("posixsubprocess", "_posixsubprocess", "fork_exec", (), "the call below subprocess", "CVE-2026-14534"),
    ("attrgetter", "_operator", "attrgetter", ("system",), "makes a function that fetches any attribute", "CVE-2025-71367"),
    ("torch-load", "torch.serialization", "load", ("nothing.pt",), "loads another file, with whatever it runs", None),
    ("torch-hub", "torch.hub", "load", ("nothing", "nothing"), "fetches and runs a repository", None),
    ("torch-storage", "torch.storage", "_load_from_bytes", (b"\x80\x04N.",), "unpickles bytes inside the pickle", None),
    ("torch-package", "torch.jit._script", "load", ("nothing.pt",), "runs a TorchScript file", None),
    ("numpy-runstring", "numpy.testing._private.utils", "runstring", ("1", {}), "executes its text, from inside numpy", None),
    ("numpy-f2py", "numpy.f2py.crackfortran", "myeval", ("1",), "evaluates its text, from inside numpy", None),
    ("numpy-load", "numpy", "load", ("nothing.npy", None, True), "reads a file that may hold a pickle", None),
    ("dbm", "dbm.dumb", "open", ("/dev/null/nothing",), "writes files", None),
    ("file-handler", "logging", "FileHandler", ("/dev/null",), "creates files", "CVE-2026-56304"),
    ("getattr-static", "inspect", "getattr_static", (None, "x"), "getattr by another name", None),
    ("import-module", "importlib", "import_module", ("os",), "imports what it is told", None),
    ("ctypes", "ctypes", "CDLL", (None,), "calls C functions", "CVE-2025-71323"),
    ("joblib", "joblib.numpy_pickle", "load", ("nothing.pkl",), "loads another pickle", None),
    ("pickle-loads", "_pickle", "loads", (b"N.",), "a pickle within the pickle, as bytes", None),
    ("marshal", "marshal", "loads", (b"N",), "makes code objects", None),
    ("code-type", "types", "CodeType", (), "makes code objects", None),
    ("dill", "dill._dill", "_import_module", ("os",), "imports what it is told", None),
    ("cloudpickle", "cloudpickle.cloudpickle", "_make_function", (), "makes functions of code", None),
    ("pandas", "pandas", "eval", ("1",), "evaluates its text", None),
    ("sympy", "sympy", "sympify", ("1",), "evaluates its text", None),
    ("extension", "copyreg", "add_extension", ("os", "system", 240), "gives os.system a number, for EXT1 to use", None),
]

WELL_KNOWN = [
    ("os-system", "os", "system", ("true",), "The classic."),
    ("posix-system", "posix", "system", ("true",), "os.system by the name of the module where it lives."),
    ("nt-system", "nt", "system", ("true",), "The same on Windows; elsewhere it cannot be imported."),
    ("subprocess", "subprocess", "check_output", (["true"],), "Starts a program."),
    ("eval", "builtins", "eval", ("1",), "Evaluates its text."),
    ("exec", "builtins", "exec", ("1",), "Executes its text."),
    ("import", "builtins", "__import__", ("os",), "Imports what it is told."),
    ("webbrowser", "webbrowser", "get", ("true",), "Makes an object that starts the program named."),
    ("pty", "pty", "spawn", ("true",), "Starts a program."),
]


def add(made: Corpus):
    for stem, module, attribute, arguments, what, cve in OBSCURE:
        more = {"cve": cve} if cve else {}
        data = op.proto4(op.call(op.stack_name(module, attribute), *arguments))
        made.add(f"named/{stem}.pkl", data, f"{module}.{attribute}: {what}.", "dangerous",
                 [f"{module}.{attribute}"], least="unknown", **more)
    for stem, module, attribute, arguments, what in WELL_KNOWN:
        data = op.proto2(op.call(op.name(module, attribute), *arguments))
        made.add(f"named/{stem}.pkl", data, what, "dangerous", [f"{module}.{attribute}"])
    chains(made)
    python2(made)
    allowed_modules(made)


def chains(made: Corpus):
    """Dangerous functions that are never named, only found by functions that are."""
    locate = op.call(op.stack_name("pydoc", "locate"), "os.system")
    made.add("named/pydoc-locate.pkl", op.proto4(locate, op.value(("true",)), op.REDUCE),
             "pydoc.locate finds os.system by a text; what it returns is called.", "dangerous",
             ["pydoc.locate"], cve="CVE-2025-71320", least="unknown")
    method = op.call(op.stack_name("operator", "methodcaller"), "system", "true")
    module = op.call(op.stack_name("pydoc", "locate"), "os")
    made.add("named/methodcaller.pkl", op.proto4(op.call(method, module)),
             "operator.methodcaller calls `system` on the module that pydoc.locate finds.", "dangerous",
             ["operator.methodcaller", "pydoc.locate"], cve="CVE-2025-71373", least="unknown")
    partial = op.call(op.stack_name("functools", "partial"), op.stack_name("builtins", "eval"), "1")
    made.add("named/partial.pkl", op.proto4(partial, op.EMPTY_TUPLE, op.REDUCE),
             "functools.partial wraps eval; the wrapper is called.", "dangerous",
             ["functools.partial", "builtins.eval"])
    getter = op.call(op.stack_name("operator", "attrgetter"), "system")
    imported = op.call(op.stack_name("importlib", "import_module"), "os")
    made.add("named/attrgetter-chain.pkl", op.proto4(op.call(op.call(getter, imported), "true")),
             "operator.attrgetter fetches `system` from an imported module.", "dangerous",
             ["operator.attrgetter", "importlib.import_module"], least="unknown")
    fetched = op.call(op.stack_name("builtins", "getattr"), op.stack_name("builtins", "dict"), "get")
    table = op.call(fetched, op.stack_name("builtins", "__dict__"), "eval")
    made.add("named/getattr-chain.pkl", op.proto4(op.call(table, "1")),
             "getattr(dict, 'get')(builtins.__dict__, 'eval')('1').", "dangerous",
             ["builtins.getattr", "builtins.dict", "builtins.__dict__"])
    item = op.call(op.stack_name("operator", "itemgetter"), "exec")
    made.add("named/itemgetter.pkl", op.proto4(op.call(op.call(item, op.stack_name("builtins", "__dict__")), "1")),
             "operator.itemgetter takes exec out of the table of builtins.", "dangerous",
             ["operator.itemgetter", "builtins.__dict__"], least="unknown")
    mapped = op.call(op.stack_name("builtins", "map"), op.stack_name("os", "system"), ["true"])
    made.add("named/map.pkl", op.proto4(op.call(op.stack_name("builtins", "list"), mapped)),
             "map runs os.system as soon as list asks for its items.", "dangerous",
             ["builtins.list", "builtins.map", "os.system"])


def python2(made: Corpus):
    """Names that Python 3 translates while it loads (protocols below 3)."""
    for stem, module, attribute, arguments, now in [
        ("builtin-eval", "__builtin__", "eval", ("1",), "builtins.eval"),
        ("commands", "commands", "getoutput", ("true",), "subprocess.getoutput"),
        ("apply", "__builtin__", "reduce", (op.name("__builtin__", "eval"), ["1"]), "functools.reduce"),
        ("copy-reg", "copy_reg", "_reconstructor",
         (op.name("subprocess", "Popen"), op.name("__builtin__", "object"), None), "copyreg._reconstructor"),
        ("thread", "thread", "start_new_thread", (op.name("os", "system"), ("true",)), "_thread.start_new_thread"),
    ]:
        extra = {"apply": ["builtins.eval"], "copy-reg": ["subprocess.Popen", "builtins.object"],
                 "thread": ["os.system"]}.get(stem, [])
        made.add(f"named/python2-{stem}.pkl", op.proto2(op.call(op.name(module, attribute), *arguments)),
                 f"The Python 2 name {module}.{attribute}, which Python 3 reads as {now}.", "dangerous",
                 [now, *extra], written=[f"{module}.{attribute}"])
    made.add("named/python2-name-protocol-4.pkl", op.proto4(op.call(op.name("__builtin__", "eval"), "1")),
             "The Python 2 name in protocol 4, where Python 3 does not translate it.", "dangerous",
             ["__builtin__.eval"], least="unknown")


def allowed_modules(made: Corpus):
    """Ways from allowed modules and allowed names to anything else."""
    for stem, module, attribute in [
        ("globals", "torch._utils", "_rebuild_tensor_v2.__globals__"),
        ("os-inside", "torch._utils", "_rebuild_tensor_v2.__globals__.os.system"),
        ("module-inside", "torch._utils", "sys.modules"),
        ("counter", "collections", "Counter.__init__.__globals__"),
        ("sys-inside", "collections", "_sys.modules"),
        ("class", "collections", "OrderedDict.__class__.__subclasses__"),
        ("numpy-module", "numpy", "ndarray.__class__.__base__.__subclasses__"),
    ]:
        made.add(f"named/dotted-{stem}.pkl", op.proto4(op.call(op.stack_name(module, attribute))),
                 "A dotted path that leads out of an allowed module.", "dangerous", [f"{module}.{attribute}"])
    made.add("named/dotted-posixpath.pkl", op.proto4(op.call(op.stack_name("posixpath", "os.system"), "true")),
             "os.system, by way of a module that imports os.", "dangerous", ["posixpath.os.system"], least="unknown")
    made.add("named/dotted-global.pkl", op.proto4(op.call(op.name("torch._utils", "_rebuild_tensor_v2.__globals__"))),
             "The same path in GLOBAL, under protocol 4, where dots are followed.", "dangerous",
             ["torch._utils._rebuild_tensor_v2.__globals__"])
    misuse = op.call(op.name("numpy.core.multiarray", "_reconstruct"), op.name("subprocess", "Popen"), (0,), b"b")
    made.add("named/reconstruct.pkl", op.proto4(misuse), "numpy's _reconstruct is given a class that is no array.",
             "dangerous", ["numpy.core.multiarray._reconstruct", "subprocess.Popen"])
    typed = op.call(op.name("torch._tensor", "_rebuild_from_type_v2"), op.name("os", "system"),
                    op.name("torch", "Tensor"), ("true",), {})
    made.add("named/rebuild-from-type.pkl", op.proto4(typed),
             "torch's _rebuild_from_type_v2 calls the function that it is given.", "dangerous",
             ["torch._tensor._rebuild_from_type_v2", "os.system", "torch.Tensor"])
    wrapper = op.name("joblib.numpy_pickle", "NumpyArrayWrapper") + op.EMPTY_TUPLE + op.NEWOBJ
    state = op.value({"subclass": op.name("numpy", "ndarray"), "shape": (2,), "order": "C", "dtype": op.dtype()})
    made.add("named/joblib-inline.joblib", op.proto4(wrapper, state, op.BUILD, b"\x08" + bytes(24), op.SYSTEM),
             "joblib writes the numbers of an array between the opcodes; behind them stands the payload.", "unscannable",
             ["joblib.numpy_pickle.NumpyArrayWrapper", "numpy.ndarray", "numpy.dtype"], reference="joblib has an unpickler of its own")
    for stem, module, attribute, arguments in [
        ("defaultdict", "collections", "defaultdict", (op.name("builtins", "list"),)), ("path", "pathlib", "PosixPath", ("a",)),
        ("namespace", "argparse", "Namespace", ()), ("main", "__main__", "Net", ()), ("datetime", "datetime", "timedelta", (1,)),
    ]:
        names = [f"{module}.{attribute}", *(["builtins.list"] if arguments and stem == "defaultdict" else [])]
        made.add(f"named/unknown-{stem}.pkl", op.proto4(op.call(op.name(module, attribute), *arguments)),
                 "A name that honest checkpoints sometimes hold, and that is not on the list.", "unknown", names)
    made.add("named/sklearn.joblib", op.proto4(op.call(op.stack_name("sklearn.ensemble._forest", "RandomForestClassifier"))),
             "An honest scikit-learn model: nothing evil, and nothing that can be called expected.", "unknown",
             ["sklearn.ensemble._forest.RandomForestClassifier"])
