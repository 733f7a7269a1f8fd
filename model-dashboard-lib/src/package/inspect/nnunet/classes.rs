//! Which names of classes in plans are networks and layers, and nothing else.
//!
//! nnU-Net finds them as `pydoc.locate` does: what follows a module can be anything that the module
//! has imported itself, so the beginning of a name says little.

/// Packages and their modules that hold networks and layers.
const NETWORKS: &str = "dynamic_network_architectures";

/// Parts of [`NETWORKS`] with classes in modules.
const PARTS: &[&str] = &["architectures", "building_blocks", "initialization"];

/// Modules of `torch.nn.modules` with layers.
const LAYERS: &[&str] = &[
    "activation",
    "adaptive",
    "batchnorm",
    "channelshuffle",
    "conv",
    "distance",
    "dropout",
    "flatten",
    "fold",
    "instancenorm",
    "linear",
    "loss",
    "normalization",
    "padding",
    "pixelshuffle",
    "pooling",
    "upsampling",
];

/// Whether a name is one of a network of nnU-Net's library or of a layer of torch.
pub(super) fn is_network(name: &str) -> bool {
    let parts: Vec<&str> = name.split('.').collect();
    match *parts {
        [NETWORKS, part, module, class] => {
            PARTS.contains(&part) && is_module(module) && is_class(class)
        }
        ["torch", "nn", class] => is_class(class),
        ["torch", "nn", "modules", module, class] => LAYERS.contains(&module) && is_class(class),
        _ => false,
    }
}

fn is_word(word: &str) -> bool {
    word.bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// Modules of this library that begin with a letter and are no modules of Python.
fn is_module(word: &str) -> bool {
    let of_python = [
        "os",
        "sys",
        "subprocess",
        "shutil",
        "importlib",
        "builtins",
        "torch",
        "np",
        "numpy",
        "pydoc",
    ];
    is_word(word)
        && word.starts_with(|c: char| c.is_ascii_lowercase())
        && !of_python.contains(&word)
}

fn is_class(word: &str) -> bool {
    is_word(word) && word.starts_with(|c: char| c.is_ascii_uppercase())
}

#[cfg(test)]
mod tests {
    use super::is_network;

    #[test]
    fn networks_and_layers_are_known_and_ways_through_them_are_not() {
        for name in [
            "dynamic_network_architectures.architectures.unet.PlainConvUNet",
            "torch.nn.modules.conv.Conv3d",
            "torch.nn.LeakyReLU",
        ] {
            assert!(is_network(name), "{name}");
        }
        for name in [
            "os.system",
            "dynamic_network_architectures_evil.Net",
            "torch.nn.modules.os.system",
            "torch.nn.modules.module.Module",
            "dynamic_network_architectures.architectures.unet.torch.hub.load",
            "dynamic_network_architectures.architectures.os.PathLike",
            "torch.nn.functional",
            "torch.nn.",
            "PlainConvUNet",
        ] {
            assert!(!is_network(name), "{name}");
        }
    }
}
