//! Which names a genuine model's pickles import, and which ones run something.

use super::Name;

/// What is thought of a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Standing {
    /// Genuine files of the frameworks hold it.
    Expected,
    /// Nothing is known of it.
    Unknown,
    /// It runs code or commands, reaches into files or the network, or reaches other names.
    Dangerous,
}

/// Names of genuine files, beside torch's storages and what begins with one of [`REBUILDERS`]:
/// those that nnU-Net's checkpoints, plans and postprocessing hold, and those that torch's own
/// loader allows with `weights_only` (`torch/_weights_only_unpickler.py`).
const EXPECTED: &[(&str, &[&str])] = &[
    ("_codecs", &["encode"]),
    ("builtins", &["bytearray", "bytes", "complex", "set"]),
    ("collections", &["Counter", "OrderedDict"]),
    ("numpy", &["dtype", "ndarray"]),
    ("numpy._core.multiarray", &["_reconstruct", "scalar"]),
    ("numpy.core.multiarray", &["_reconstruct", "scalar"]),
    (
        "nnunetv2.postprocessing.remove_connected_components",
        &["remove_all_but_largest_component_from_segmentation"],
    ),
    (
        "torch",
        &[
            "BFloat16Storage",
            "BoolStorage",
            "ByteStorage",
            "CharStorage",
            "ComplexDoubleStorage",
            "ComplexFloatStorage",
            "DoubleStorage",
            "FloatStorage",
            "HalfStorage",
            "IntStorage",
            "LongStorage",
            "QInt32Storage",
            "QInt8Storage",
            "QUInt8Storage",
            "ShortStorage",
            "Size",
            "Tensor",
            "bfloat16",
            "bool",
            "complex128",
            "complex64",
            "device",
            "float16",
            "float32",
            "float64",
            "int16",
            "int32",
            "int64",
            "int8",
            "per_channel_affine",
            "per_tensor_affine",
            "qint32",
            "qint8",
            "quint8",
            "uint8",
        ],
    ),
    ("torch._tensor", &["_rebuild_from_type_v2"]),
    (
        "torch._utils",
        &[
            "_rebuild_device_tensor_from_numpy",
            "_rebuild_meta_tensor_no_storage",
            "_rebuild_nested_tensor",
            "_rebuild_parameter",
            "_rebuild_parameter_with_state",
            "_rebuild_qtensor",
            "_rebuild_sparse_tensor",
            "_rebuild_tensor",
            "_rebuild_tensor_v2",
            "_rebuild_tensor_v3",
        ],
    ),
    ("torch.nn.parameter", &["Parameter"]),
    ("torch.serialization", &["_get_layout"]),
    ("torch.storage", &["TypedStorage", "UntypedStorage"]),
];

/// Modules whose every name is dangerous, with all below them. The list only tells what is known
/// to be an attack from what nobody has looked at: neither is expected.
const DANGEROUS_MODULES: &[&str] = &[
    "_aix_support",
    "_ctypes",
    "_io",
    "_operator",
    "_osx_support",
    "_pickle",
    "_posixsubprocess",
    "_pyrepl",
    "_socket",
    "_thread",
    "_winapi",
    "aiohttp",
    "asyncio",
    "bdb",
    "cProfile",
    "cgitb",
    "cloudpickle",
    "code",
    "codeop",
    "commands",
    "concurrent",
    "ctypes",
    "dbm",
    "dill",
    "distutils",
    "doctest",
    "ensurepip",
    "filecmp",
    "fileinput",
    "ftplib",
    "functools",
    "http",
    "httplib",
    "idlelib",
    "imaplib",
    "imp",
    "importlib",
    "inspect",
    "io",
    "lib2to3",
    "linecache",
    "logging",
    "marshal",
    "msvcrt",
    "multiprocessing",
    "nntplib",
    "nt",
    "ntpath",
    "numpy.distutils",
    "numpy.f2py",
    "numpy.testing",
    "operator",
    "os",
    "pdb",
    "pickle",
    "pip",
    "pkgutil",
    "platform",
    "poplib",
    "posix",
    "posixpath",
    "posixshmem",
    "profile",
    "pty",
    "py_compile",
    "pydoc",
    "requests",
    "runpy",
    "setuptools",
    "shelve",
    "shutil",
    "signal",
    "site",
    "smtplib",
    "socket",
    "socketserver",
    "sqlite3",
    "ssl",
    "subprocess",
    "sympy",
    "sys",
    "tarfile",
    "telnetlib",
    "tempfile",
    "test",
    "threading",
    "timeit",
    "torch._dynamo",
    "torch._inductor",
    "torch.distributed.rpc",
    "torch.fx",
    "torch.hub",
    "torch.jit.unsupported_tensor_ops",
    "torch.multiprocessing",
    "torch.package",
    "torch.utils._config_module",
    "torch.utils.bottleneck",
    "torch.utils.collect_env",
    "torch.utils.cpp_extension",
    "torch.utils.data.datapipes",
    "torch.utils.model_zoo",
    "trace",
    "types",
    "urllib",
    "urllib2",
    "uuid",
    "venv",
    "webbrowser",
    "winreg",
    "xmlrpc",
    "zipfile",
    "zipimport",
];

/// Single names that are dangerous in modules that are not so as a whole.
const DANGEROUS: &[(&str, &[&str])] = &[
    (
        "builtins",
        &[
            "__build_class__",
            "__import__",
            "__loader__",
            "apply",
            "breakpoint",
            "classmethod",
            "compile",
            "copyright",
            "credits",
            "delattr",
            "dir",
            "eval",
            "exec",
            "execfile",
            "file",
            "filter",
            "getattr",
            "globals",
            "hasattr",
            "help",
            "input",
            "iter",
            "license",
            "locals",
            "map",
            "open",
            "print",
            "property",
            "raw_input",
            "reduce",
            "reload",
            "setattr",
            "staticmethod",
            "super",
            "type",
            "vars",
        ],
    ),
    (
        "copyreg",
        &[
            "__newobj__",
            "__newobj_ex__",
            "_reconstructor",
            "add_extension",
            "constructor",
        ],
    ),
    ("joblib", &["load"]),
    ("joblib.numpy_pickle", &["load"]),
    (
        "numpy",
        &["fromfile", "load", "loadtxt", "memmap", "save", "savetxt"],
    ),
    ("pandas", &["eval", "read_pickle"]),
    ("torch", &["compile", "load", "save"]),
    ("torch.jit", &["load"]),
    ("torch.jit._script", &["load"]),
    ("torch.serialization", &["load", "save"]),
    ("torch.storage", &["_load_from_bytes"]),
];

/// Modules that Python 3 calls otherwise than the pickles of Python 2 (`Lib/_compat_pickle.py`).
const RENAMED_MODULES: &[(&str, &str)] = &[
    ("ConfigParser", "configparser"),
    ("Queue", "queue"),
    ("SocketServer", "socketserver"),
    ("StringIO", "io"),
    ("UserDict", "collections"),
    ("UserList", "collections"),
    ("UserString", "collections"),
    ("__builtin__", "builtins"),
    ("_winreg", "winreg"),
    ("anydbm", "dbm"),
    ("cPickle", "pickle"),
    ("cStringIO", "io"),
    ("commands", "subprocess"),
    ("copy_reg", "copyreg"),
    ("dumbdbm", "dbm.dumb"),
    ("dummy_thread", "_dummy_thread"),
    ("exceptions", "builtins"),
    ("gdbm", "dbm.gnu"),
    ("httplib", "http.client"),
    ("thread", "_thread"),
    ("urllib2", "urllib.request"),
    ("whichdb", "dbm"),
    ("xmlrpclib", "xmlrpc.client"),
];

/// Module and name.
type Qualified = (&'static str, &'static str);

/// Names of Python 2 that have moved to another module.
const RENAMED: &[(Qualified, Qualified)] = &[
    (("__builtin__", "intern"), ("sys", "intern")),
    (("__builtin__", "long"), ("builtins", "int")),
    (("__builtin__", "reduce"), ("functools", "reduce")),
    (("__builtin__", "unichr"), ("builtins", "chr")),
    (("__builtin__", "unicode"), ("builtins", "str")),
    (("__builtin__", "xrange"), ("builtins", "range")),
    (("itertools", "ifilter"), ("builtins", "filter")),
    (("itertools", "imap"), ("builtins", "map")),
    (("itertools", "izip"), ("builtins", "zip")),
];

/// The name as Python 3 calls it.
pub(super) fn canonical(module: &str, name: &str) -> Name {
    let moved = RENAMED.iter().find(|(old, _)| *old == (module, name));
    let (module, name) = moved.map_or((module, name), |(_, new)| *new);
    let renamed = RENAMED_MODULES.iter().find(|(old, _)| *old == module);
    Name {
        module: renamed.map_or(module, |(_, new)| new).into(),
        name: name.into(),
    }
}

fn holds(table: &[(&str, &[&str])], module: &str, name: &str) -> bool {
    table
        .iter()
        .any(|(of, names)| *of == module && names.contains(&name))
}

/// Whether it is a class in the code of a TorchScript archive, or one of the functions that its
/// reader knows (`torch/jit/_pickle.py`).
pub(super) fn is_of_torchscript(name: &Name) -> bool {
    let functions = [
        "build_boollist",
        "build_doublelist",
        "build_intlist",
        "build_tensor_from_id",
        "build_tensorlist",
        "restore_type_tag",
    ];
    let is_word = |text: &str| {
        let letter = |c: char| c.is_ascii_alphanumeric() || c == '_';
        !text.is_empty() && text.chars().all(letter)
    };
    match &*name.module {
        "torch.jit._pickle" => functions.contains(&&*name.name),
        module => {
            let mut parts = module.split('.');
            parts.next() == Some("__torch__") && parts.all(is_word) && is_word(&name.name)
        }
    }
}

/// What is thought of a name. Only a name that stands in the list letter by letter is expected.
pub(super) fn standing(name: &Name) -> Standing {
    let module = &*name.module;
    if holds(EXPECTED, module, &name.name) {
        return Standing::Expected;
    }
    // A path of attributes reaches what no import names: `f.__globals__`.
    let reaches = name.name.contains('.') || name.name.starts_with("__");
    // Other letters than those of code are there to be taken for them, or to cut the name off.
    let hides = |text: &str| text.chars().any(|c| !c.is_ascii() || c.is_ascii_control());
    let below = |dangerous: &&str| {
        module
            .strip_prefix(*dangerous)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    };
    if reaches
        || hides(module)
        || hides(&name.name)
        || DANGEROUS_MODULES.iter().any(below)
        || holds(DANGEROUS, module, &name.name)
    {
        return Standing::Dangerous;
    }
    Standing::Unknown
}
