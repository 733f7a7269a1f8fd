//! Code in configurations of Keras: classes and functions that are imported by their names, and
//! functions that are stored. (Keras, `keras/src/saving/serialization_lib.py`.)

use serde_json::{Map, Value};

use crate::package::formats::error::shown;
use crate::package::formats::{Finding, FindingKind, Findings};

/// Modules of Keras whose classes are layers and the like. Not `keras.utils` and others, whose
/// functions do more (CVE-2025-8747).
const MODULES: &[&str] = &[
    "keras",
    "keras.activations",
    "keras.constraints",
    "keras.dtype_policies",
    "keras.initializers",
    "keras.layers",
    "keras.losses",
    "keras.metrics",
    "keras.models",
    "keras.ops",
    "keras.optimizers",
    "keras.quantizers",
    "keras.random",
    "keras.regularizers",
];

/// Keras' own places of the same, with everything below them.
const SOURCES: &[&str] = &[
    "activations",
    "constraints",
    "dtype_policies",
    "engine",
    "initializers",
    "layers",
    "losses",
    "metrics",
    "models",
    "ops",
    "optimizers",
    "quantizers",
    "random",
    "regularizers",
    "trainers",
];

/// Classes of Keras that are more than arithmetic.
const CLASSES: &[(&str, &str)] = &[
    (
        "Lambda",
        "runs a Python function that is stored in the file or named by it",
    ),
    (
        "__lambda__",
        "is a Python function that is stored in the file",
    ),
    (
        "TorchModuleWrapper",
        "unpickles a module of PyTorch (CVE-2025-49655)",
    ),
    ("TFSMLayer", "loads a SavedModel from elsewhere and runs it"),
    ("JaxLayer", "runs a Python function"),
    ("FlaxLayer", "runs a Python function"),
];

/// Layers that may read their words from a file or an address (CVE-2025-12058).
const VOCABULARIES: &[&str] = &["IntegerLookup", "StringLookup", "TextVectorization"];

/// Functions of Keras that configurations name without their module.
const FUNCTIONS: &[&str] = &[
    "accuracy",
    "binary_accuracy",
    "binary_crossentropy",
    "binary_focal_crossentropy",
    "categorical_accuracy",
    "categorical_crossentropy",
    "categorical_focal_crossentropy",
    "categorical_hinge",
    "celu",
    "cosine_similarity",
    "ctc",
    "dice",
    "elu",
    "exponential",
    "gelu",
    "glu",
    "hard_shrink",
    "hard_sigmoid",
    "hard_silu",
    "hard_swish",
    "hard_tanh",
    "hinge",
    "huber",
    "kl_divergence",
    "leaky_relu",
    "linear",
    "log_cosh",
    "log_sigmoid",
    "log_softmax",
    "mean_absolute_error",
    "mean_absolute_percentage_error",
    "mean_squared_error",
    "mean_squared_logarithmic_error",
    "mish",
    "mse",
    "mae",
    "mape",
    "msle",
    "poisson",
    "relu",
    "relu6",
    "selu",
    "sigmoid",
    "silu",
    "soft_shrink",
    "softmax",
    "softplus",
    "softsign",
    "sparse_categorical_accuracy",
    "sparse_categorical_crossentropy",
    "sparse_plus",
    "sparse_sigmoid",
    "sparse_top_k_categorical_accuracy",
    "sparsemax",
    "squareplus",
    "squared_hinge",
    "swish",
    "tanh",
    "tanh_shrink",
    "threshold",
    "top_k_categorical_accuracy",
    "tversky",
];

/// Goes through a configuration.
pub(in crate::package::formats) struct Config<'a> {
    file: &'a str,
    path: Vec<String>,
    findings: &'a mut Findings,
}

impl<'a> Config<'a> {
    /// Of a file, or of what is called so.
    pub(in crate::package::formats) fn new(file: &'a str, findings: &'a mut Findings) -> Self {
        Self {
            file,
            path: Vec::new(),
            findings,
        }
    }

    /// Looks at a value and everything in it. The parser bounds how deep that is.
    pub(in crate::package::formats) fn walk(&mut self, value: &Value) {
        match value {
            Value::Object(object) => {
                if let Some(class) = object.get("class_name").and_then(Value::as_str)
                    && !self.object(object, class)
                {
                    return;
                }
                for (key, value) in object {
                    let dot = if self.path.is_empty() { "" } else { "." };
                    self.below(format!("{dot}{}", shown(key)), value);
                }
            }
            Value::Array(list) => {
                for (index, value) in list.iter().enumerate() {
                    self.below(format!("[{index}]"), value);
                }
            }
            _ => {}
        }
    }

    fn below(&mut self, step: String, value: &Value) {
        self.path.push(step);
        self.walk(value);
        self.path.pop();
    }

    fn add(&mut self, kind: FindingKind, what: String) {
        let colon = if self.path.is_empty() { "" } else { ": " };
        self.findings.add(Finding {
            kind,
            place: format!("{}{colon}{}", self.file, self.path.concat()),
            what,
        });
    }

    /// An object of a class; whether to go on below it.
    fn object(&mut self, object: &Map<String, Value>, class: &str) -> bool {
        if let Some((class, what)) = CLASSES.iter().find(|it| it.0 == class) {
            self.add(FindingKind::Code, format!("{class} {what}"));
            return false;
        }
        let config = object.get("config");
        let name = match config {
            Some(Value::String(name)) if class == "function" => name,
            _ => class,
        };
        match object.get("module") {
            Some(Value::String(module)) if !is_of_keras(module, class, name) => {
                let what = format!("it names {}.{}", shown(module), shown(name));
                self.add(FindingKind::Code, what);
            }
            Some(Value::Null) if !is_builtin(class) => {
                let registered = object.get("registered_name").and_then(Value::as_str);
                let name = shown(registered.unwrap_or(name));
                self.add(
                    FindingKind::Needs,
                    format!("it needs a program that registers {name} with Keras"),
                );
            }
            _ => {}
        }
        if VOCABULARIES.contains(&class)
            && let Some(Value::String(file)) = config.and_then(|it| it.get("vocabulary"))
        {
            let what = format!("{class} reads its words from {}", shown(file));
            self.add(FindingKind::Outside, what);
        }
        true
    }
}

/// What Keras writes for values of Python: `__tensor__`, `__numpy__` and the like.
fn is_builtin(class: &str) -> bool {
    class.starts_with("__") && class.ends_with("__")
}

/// Parts of Keras that have functions which compute.
const OF_FUNCTIONS: &[&str] = &[
    "activations",
    "constraints",
    "initializers",
    "losses",
    "metrics",
    "ops",
    "quantizers",
    "random",
    "regularizers",
];

/// Whether a class or function of that name is one of Keras' own that only computes.
fn is_of_keras(module: &str, class: &str, name: &str) -> bool {
    // A name is one name, and no way through others.
    if !name
        .bytes()
        .all(|it| it.is_ascii_alphanumeric() || it == b'_')
    {
        return false;
    }
    if module == "builtins" {
        return (class == "function" && FUNCTIONS.contains(&name)) || is_builtin(class);
    }
    let Some(parts) = module.strip_prefix("keras") else {
        return false;
    };
    let source = parts
        .strip_prefix(".src.")
        .and_then(|it| it.split('.').next());
    let part = source.or_else(|| parts.strip_prefix('.')).unwrap_or("");
    let is_known = MODULES.contains(&module) || source.is_some_and(|it| SOURCES.contains(&it));
    is_known
        && if class == "function" {
            OF_FUNCTIONS.contains(&part)
        } else {
            // Classes are written with a capital, and functions without.
            name.starts_with(|first: char| first.is_ascii_uppercase())
        }
}
