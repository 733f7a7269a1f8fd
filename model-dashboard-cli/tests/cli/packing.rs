//! Folders that are packed, and what is left behind of them.

use crate::at_a_server::network;
use crate::installation::Installation;

#[test]
fn what_was_to_stay_behind_is_not_sent_for_a_capital_letter() {
    let here = Installation::begun();
    let folder = network(&here, 8000);
    let upload = ["model", "upload", &folder, "--name", "nnUNet_v2/X"];
    for wrong in ["Validation", "Checkpoint_best, validation"] {
        here.run(&[&upload[..], &["--without", wrong]].concat())
            .ends_with(2)
            .tells("it would not stay behind");
    }
    let both = ["--without", "checkpoint_best, validation", "--as-typed"];
    here.run(&[&upload[..], &both].concat())
        .succeeds()
        .tells("stay behind: ");
}
